"""A pipeline written with KFP's SDK, as it is: nothing in it knows kfp-go.

    pip install kfp
    kfp-go validate pipeline.py
    kfp-go run pipeline.py -p 'texts=["one", "and two"]'
    kfp-go submit pipeline.py --wait --logs

The words of each text are counted side by side; when there are many of them, a
report is written down as an artifact.
"""

from typing import List

from kfp import dsl

IMAGE = "python:3.11"


@dsl.component(base_image=IMAGE)
def count(text: str) -> int:
    return len(text.split())


@dsl.component(base_image=IMAGE)
def add(numbers: List[int]) -> int:
    return sum(numbers)


@dsl.component(base_image=IMAGE)
def write(words: int, title: str, report: dsl.Output[dsl.Markdown]):
    report.metadata["words"] = words
    with open(report.path, "w") as f:
        f.write(f"# {title}\n\n{words} words\n")


@dsl.container_component
def say(text: str):
    return dsl.ContainerSpec(image="busybox:1", command=["echo"], args=[text])


@dsl.pipeline(name="from-python", description="Count words, and report when there are many.")
def words(texts: List[str] = ["to be", "or not to be"], title: str = "Words", many: int = 5) -> int:
    with dsl.ParallelFor(texts) as text:
        counted = count(text=text)
    total = add(numbers=dsl.Collected(counted.output))
    with dsl.If(total.output >= many, name="many"):
        write(words=total.output, title=f"{title}: {many} and more").set_retry(1)
    with dsl.Else(name="few"):
        say(text=f"only {total.output} words")
    return total.output

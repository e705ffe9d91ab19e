"""Pipelines with what the corpus at hand has little of. `python own.py` with the KFP SDK writes them to own/ again."""
import os
from typing import Dict, List, NamedTuple, Optional

from kfp import compiler, dsl
from kfp.dsl import (Artifact, Collected, Dataset, HTML, Input, InputPath, Markdown, Metrics, Model, OneOf, Output, OutputPath,
                     PipelineTaskFinalStatus)

pipelines = []


def pipeline(name):
    def keep(f):
        p = dsl.pipeline(name=name)(f)
        pipelines.append((name, p))
        return p
    return keep


@dsl.component
def text(value: str) -> str:
    print(value)
    return value


@dsl.component
def number(value: int) -> int:
    return value


@dsl.component
def write(value: str, data: Output[Dataset]):
    with open(data.path, 'w') as f:
        f.write(value)
    data.metadata['length'] = len(value)
    data.metadata['nested'] = {'a': [1, 2.5, None, True]}


@dsl.component
def read(data: Input[Dataset]) -> str:
    with open(data.path) as f:
        return f.read() + ' ' + str(data.metadata.get('length'))


@dsl.component
def read_all(data: Input[List[Dataset]]) -> str:
    return ','.join(open(d.path).read() for d in data or [])


@dsl.component
def fail(message: str) -> str:
    raise RuntimeError(message)


@dsl.component
def show_status(status: PipelineTaskFinalStatus) -> str:
    return f'{status.state} {status.pipeline_task_name}'


# Several exit handlers, one of whose bodies fails, one after the other and side by side.
@pipeline('exit-handlers')
def exit_handlers(message: str = 'hi'):
    first = show_status()
    with dsl.ExitHandler(first, name='first'):
        text(value=message)
    second = show_status()
    with dsl.ExitHandler(second, name='second'):
        fail(message=message)
        text(value='beside')
    third = text(value='third exit')
    with dsl.ExitHandler(third, name='third'):
        with dsl.ParallelFor(['a', 'b']) as item:
            text(value=item)


# Loops in loops over keys of their items, conditions on items, values and each other.
@dsl.component
def rows() -> List[Dict[str, List[Dict[str, str]]]]:
    return [{'inner': [{'key': 'a'}, {'key': 'b'}]}, {'inner': [{'key': 'c'}]}]


@pipeline('loops-over-keys')
def loops_over_keys(items: List[Dict[str, int]] = [{'a': 1, 'b': 10}, {'a': 2, 'b': 20}], limit: int = 2) -> List[str]:
    with dsl.ParallelFor(items, parallelism=1) as item:
        n = number(value=item.a)
        with dsl.If(n.output >= limit):
            text(value=f'{item.a} and {item.b}, "{n.output}" {{{{x}}}}')
    with dsl.ParallelFor(rows().output) as row:
        with dsl.ParallelFor(row.inner) as e:
            text(value=e.key)
        t = text(value='row')
    return Collected(t.output)


# Branches in branches, with one of their outputs.
@dsl.pipeline
def choose(kind: str, limit: int = 5) -> NamedTuple('Chosen', said=str, data=Dataset):
    n = number(value=7)
    with dsl.If(kind == 'a'):
        said_a = text(value='first')
        made_a = write(value='from a')
    with dsl.Elif(n.output > limit):
        with dsl.If(kind != 'c'):
            inner_b = text(value='second, low')
        with dsl.Else():
            inner_c = text(value='second, high')
        said_b = text(value=OneOf(inner_b.output, inner_c.output))
        made_b = write(value='from b')
    with dsl.Else():
        said_c = text(value='third')
        made_c = write(value='from c')
    Chosen = NamedTuple('Chosen', said=str, data=Dataset)
    return Chosen(OneOf(said_a.output, said_b.output, said_c.output), OneOf(made_a.outputs['data'], made_b.outputs['data'], made_c.outputs['data']))


@pipeline('one-of')
def one_of(kind: str = 'c') -> NamedTuple('Outputs', said=str, data=Dataset, read=str):
    chosen = choose(kind=kind)
    r = read(data=chosen.outputs['data'])
    return NamedTuple('Outputs', said=str, data=Dataset, read=str)(chosen.outputs['said'], chosen.outputs['data'], r.output)


# Lists of artifacts through pipelines, loops over them, and artifacts made by value.
@dsl.component
def returned(value: str) -> Dataset:
    d = Dataset(uri=dsl.get_uri(value), metadata={'value': value})
    with open(d.path, 'w') as f:
        f.write('returned ' + value)
    return d


@dsl.component
def several(value: str) -> NamedTuple('Several', one=Dataset, two=Model, n=int, d=dict):
    one = Dataset(uri=dsl.get_uri('one'), metadata={'which': 1})
    two = Model(uri=dsl.get_uri('two'))
    two.metadata['framework'] = 'none'
    for a in (one, two):
        with open(a.path, 'w') as f:
            f.write(value)
    return NamedTuple('Several', one=Dataset, two=Model, n=int, d=dict)(one, two, 3, {'a': [1, {'b': None}]})


@dsl.component
def use(one: Input[Dataset], two: Input[Model]) -> str:
    return open(one.path).read() + open(two.path).read() + str(one.metadata.get('which')) + two.metadata['framework']


@dsl.pipeline
def make_list(values: List[str] = ['x', 'y']) -> List[Dataset]:
    with dsl.ParallelFor(values) as v:
        made = returned(value=v)
    return Collected(made.output)


@dsl.pipeline
def use_list(data: Input[List[Dataset]]) -> str:
    return read_all(data=data).output


@pipeline('artifact-lists')
def artifact_lists(none: List[str] = []) -> NamedTuple('Outputs', all=str, last=str, data=List[Dataset]):
    made = make_list(values=['p', 'q', 'r'])
    used = use_list(data=made.output)
    with dsl.ParallelFor(made.output) as d:
        read(data=d)
    s = several(value='v')
    u = use(one=s.outputs['one'], two=s.outputs['two'])
    with dsl.ParallelFor(none) as item:
        nothing = write(value=item)
    read_all(data=Collected(nothing.outputs['data']))
    return NamedTuple('Outputs', all=str, last=str, data=List[Dataset])(used.output, u.output, made.output)


# Inputs that are absent, null, defaulted through levels of pipelines.
@dsl.component
def show(s: str = 'own', n: Optional[int] = None, f: float = 0.5, b: bool = True, l: list = [1, 'a'], d: dict = {'k': 1}, x: Optional[str] = None) -> str:
    return repr((s, n, f, b, l, d, x))


@dsl.pipeline
def inner(s: str = 'inner', n: Optional[int] = None, x: Optional[str] = None):
    show(s=s, n=n, x=x)
    show(s=s, f=3.0, b=False, l=[], d={})


@dsl.pipeline
def middle(n: Optional[int] = None, x: Optional[str] = None):
    inner(n=n, x=x)
    inner(s='given')


@pipeline('absent')
def absent(x: Optional[str] = None, n: Optional[int] = 4):
    middle()
    middle(x=x, n=n)


# Container components: arguments by condition, joined, with artifacts and metadata.
@dsl.container_component
def joined(word: str, data: Input[Dataset], out: Output[Dataset], size: dsl.OutputPath(int), maybe: str = None, flag: bool = False):
    return dsl.ContainerSpec(
        image='busybox:1',
        command=['sh', '-c', 'mkdir -p "$(dirname "$0")"; n=$1; shift; for a in "$@"; do echo "<$a>"; done > "$0"; wc -l < "$0" > "$n"'],
        args=[out.path, size, dsl.ConcatPlaceholder(['word=', word, ';', '.']), flag,
              dsl.IfPresentPlaceholder(input_name='maybe', then=['--maybe', dsl.ConcatPlaceholder(['[', maybe, ']'])], else_=['--none']),
              f'in {word} text'])


@dsl.container_component
def cat(data: Input[Dataset], text: OutputPath(str)):
    return dsl.ContainerSpec(image='busybox:1', command=['sh', '-c', 'mkdir -p "$(dirname "$1")"; cat "$0" > "$1"'], args=[data.path, text])


@pipeline('containers')
def containers(word: str = 'w "q" $(X) {{y}}') -> NamedTuple('Outputs', one=str, two=str, n=int):
    data = write(value='data').outputs['data']
    one = joined(word=word, data=data, maybe='m')
    two = joined(word='other', data=data, flag=True)
    a = cat(data=one.outputs['out'])
    b = cat(data=two.outputs['out'])
    return NamedTuple('Outputs', one=str, two=str, n=int)(a.outputs['text'], b.outputs['text'], one.outputs['size'])


# Importers with constant and run-time URIs; what they give is only looked at.
@dsl.component
def look(data: Input[Artifact]) -> str:
    return data.uri + ' ' + str(sorted(data.metadata.items()))


@pipeline('importers')
def importers(path: str = '/etc/hostname', key: str = 'k'):
    name = text(value='/etc/made')
    one = dsl.importer(artifact_uri='https://example.com/x', artifact_class=Artifact, metadata={'a': 1, 'list': ['x', key]})
    two = dsl.importer(artifact_uri=name.output, artifact_class=Artifact, reimport=True, metadata={key: f'pre-{key}'})
    look(data=one.output)
    look(data=two.output)


# Retries, of a task and of a pipeline.
@dsl.component
def unsteady() -> str:
    raise RuntimeError('never')


@dsl.pipeline
def shaky():
    unsteady()


@pipeline('retries')
def retries():
    unsteady().set_retry(num_retries=2, backoff_duration='0s', backoff_factor=1)
    shaky().set_retry(num_retries=1, backoff_duration='0s')


@dsl.component
def tolerant(s: str = 'own', n: int = 3) -> str:
    return repr((s, n))


# A task that goes on whatever happened before it, with and without what it reads.
@pipeline('ignoring')
def ignoring():
    bad = fail(message='broken')
    good = text(value='good')
    tolerant(s=bad.output, n=1).ignore_upstream_failure()
    tolerant(s=good.output, n=2).ignore_upstream_failure()
    text(value='plain').after(bad)


# Values of every type through text and back.
@dsl.component
def typed(i: int, f: float, b: bool, s: str, l: list, d: dict) -> NamedTuple('Typed', i=int, f=float, b=bool, s=str, l=list, d=dict):
    return NamedTuple('Typed', i=int, f=float, b=bool, s=str, l=list, d=dict)(i, f, b, s, l, d)


@pipeline('types')
def types(i: int = -3, f: float = 5.0, b: bool = False, s: str = 'a "b" {{c}} $(d) é', l: list = [1, 2.5, 'x', True, [], {}], d: dict = {'z': 1, 'a': {'<b>': '&'}}) -> str:
    t = typed(i=i, f=f, b=b, s=s, l=l, d=d)
    u = typed(i=t.outputs['i'], f=t.outputs['f'], b=t.outputs['b'], s=t.outputs['s'], l=t.outputs['l'], d=t.outputs['d'])
    return text(value=f"{u.outputs['i']}|{u.outputs['f']}|{u.outputs['b']}|{u.outputs['s']}|{u.outputs['l']}|{u.outputs['d']}").output


here = os.path.dirname(os.path.abspath(__file__))
for name, p in pipelines:
    compiler.Compiler().compile(p, os.path.join(here, 'own', name + '.yaml'))

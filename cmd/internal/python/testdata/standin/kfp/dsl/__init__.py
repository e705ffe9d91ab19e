from kfp.dsl.base_component import BaseComponent
from kfp.dsl.graph_component import GraphComponent


def component(func):
    c = BaseComponent()
    c.name, c.python_func = func.__name__, func
    return c


def pipeline(func):
    return GraphComponent(func)

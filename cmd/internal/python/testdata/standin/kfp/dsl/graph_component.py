from kfp.dsl.base_component import BaseComponent


class GraphComponent(BaseComponent):
    def __init__(self, func):
        self.name, self.pipeline_func = func.__name__, func
        func()

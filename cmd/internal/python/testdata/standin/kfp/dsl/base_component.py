class BaseComponent:
    def __call__(self, **arguments):
        return self

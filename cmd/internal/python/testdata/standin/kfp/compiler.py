class Compiler:
    def compile(self, pipeline_func, package_path):
        with open(package_path, "w") as f:
            f.write("pipelineInfo: {name: %s}\n" % pipeline_func.name)

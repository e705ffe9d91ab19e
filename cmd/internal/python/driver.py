# Compiles one Python file with the KFP SDK of the Python that runs this, for
# kfp-go, which starts it as `python -c TEXT REQUEST` in a process group of its
# own. REQUEST is JSON: the file, the function to compile, where the compiled
# pipeline goes and where the answer goes. What the file prints is nobody's answer.
import sys

sys.path[:] = [p for p in sys.path if p != ""]  # the working directory is not where the SDK is looked for

import ast
import atexit
import importlib.util
import json
import os
import shutil
import signal
import sysconfig
import threading
import time
import traceback
import types
import uuid

REQUEST = json.loads(sys.argv[1])
FILE = REQUEST["file"]
open(REQUEST["answer"] + ".begun", "w").close()
MOST = 20000  # characters of a message, places of a kind


class Places:
    """Finds where in the user's own files something stands. A place is the
    file, the line and bytes of it where it begins, and where it ends; lines
    count from 1, bytes from 0."""

    def __init__(self):
        folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        self.foreign = tuple(os.path.join(os.path.realpath(f), "") for f in folders if f)
        self.known = {}
        self.indexes = {}

    def own(self, name):
        if name not in self.known:
            self.known[name] = self._own(name)
        return self.known[name]

    def _own(self, name):
        if not name or name.startswith("<") or not os.path.isfile(name):
            return False
        if os.path.realpath(name) == os.path.realpath(FILE):
            return True
        real = os.path.realpath(name)
        parts = real.split(os.sep)
        return not real.startswith(self.foreign) and "site-packages" not in parts and "dist-packages" not in parts

    def code(self, frame_code, lasti, line):
        name = os.path.abspath(frame_code.co_filename)
        place = {"file": name, "line": line or 0}
        if hasattr(frame_code, "co_positions"):  # from Python 3.11 on
            for i, (first, last, begin, end) in enumerate(frame_code.co_positions()):
                if i == lasti // 2:
                    if first and last and begin is not None and end is not None:
                        place = {"file": name, "line": first, "column": begin, "endLine": last, "endColumn": end}
                    break
        return place

    def caller(self):
        """The place in the user's files from which the SDK was called."""
        frame = sys._getframe(1)
        while frame is not None:
            if self.own(frame.f_code.co_filename):
                return self.code(frame.f_code, frame.f_lasti, frame.f_lineno)
            frame = frame.f_back
        return None

    def frames(self, tb):
        out = []
        while tb is not None:
            if self.own(tb.tb_frame.f_code.co_filename):
                out.append(self.code(tb.tb_frame.f_code, tb.tb_lasti, tb.tb_lineno))
            tb = tb.tb_next
        return out[-50:]

    def stack(self, frame):
        out = []
        while frame is not None:
            if self.own(frame.f_code.co_filename):
                out.append(self.code(frame.f_code, frame.f_lasti, frame.f_lineno))
            frame = frame.f_back
        return out[:50][::-1]

    def lines(self, name):
        try:
            with open(name, "rb") as f:
                return f.read().splitlines()
        except OSError:
            return []

    def index(self, name):
        """The functions of a file by their first line and name, and its calls by
        where they stand."""
        if name not in self.indexes:
            functions, calls = {}, {}
            try:
                with open(name, "rb") as f:
                    tree = ast.parse(f.read())
            except (OSError, SyntaxError, ValueError, RecursionError):
                tree = None
            for node in ast.walk(tree) if tree else ():
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    for line in [node.lineno] + [d.lineno for d in node.decorator_list]:
                        functions[line, node.name] = node
                elif isinstance(node, ast.Call) and getattr(node, "end_lineno", None):
                    calls[node.lineno, node.col_offset, node.end_lineno, node.end_col_offset] = node
            self.indexes[name] = functions, calls, self.lines(name)
        return self.indexes[name]

    def node(self, name, node):
        place = {"file": name, "line": node.lineno, "column": node.col_offset}
        if getattr(node, "end_lineno", None):
            place.update(endLine=node.end_lineno, endColumn=node.end_col_offset)
        return place

    def function(self, func):
        """The name of a function in its definition, and its parameters."""
        code = getattr(func, "__code__", None)
        if code is None or not self.own(code.co_filename):
            return None, {}
        name = os.path.abspath(code.co_filename)
        functions, _, lines = self.index(name)
        node = functions.get((code.co_firstlineno, code.co_name))
        if node is None:
            return {"file": name, "line": code.co_firstlineno}, {}
        place = {"file": name, "line": node.lineno, "column": node.col_offset}
        word = node.name.encode()
        at = lines[node.lineno - 1].find(word, node.col_offset)
        if at >= 0:
            place.update(column=at, endLine=node.lineno, endColumn=at + len(word))
        a = node.args
        every = getattr(a, "posonlyargs", []) + a.args + a.kwonlyargs
        return place, {p.arg: self.node(name, p) for p in every}

    def arguments(self, place):
        """The keyword arguments of the call at a place."""
        if not place or "endLine" not in place:
            return {}
        _, calls, _ = self.index(place["file"])
        node = calls.get((place["line"], place["column"], place["endLine"], place["endColumn"]))
        return {k.arg: self.node(place["file"], k.value) for k in node.keywords if k.arg} if node else {}


class Answer:
    """What kfp-go is told. It is written once, whole."""

    def __init__(self):
        self.lock = threading.Lock()
        self.done = False
        self.fields = {"python": sys.version.split()[0], "executable": sys.executable or ""}

    def write(self, **more):
        with self.lock:
            if self.done:
                return
            self.fields.update(more)
            temp = REQUEST["answer"] + ".part"
            with open(temp, "w", encoding="utf-8") as f:
                json.dump(self.fields, f)
            os.replace(temp, REQUEST["answer"])
            self.done = True


places = Places()
answer = Answer()


def watch(main):
    """Ends this process when it takes too long, or when kfp-go is gone."""
    parent = os.getppid() if hasattr(os, "getppid") else 0
    until = time.monotonic() + REQUEST["seconds"]
    while time.monotonic() < until:
        time.sleep(0.2)
        if parent and os.getppid() != parent:
            shutil.rmtree(os.path.dirname(REQUEST["answer"]), ignore_errors=True)
            if hasattr(os, "killpg"):
                os.killpg(0, signal.SIGKILL)
            os._exit(1)
    frame = sys._current_frames().get(main)
    answer.write(error={"kind": "timeout", "frames": places.stack(frame)})
    os._exit(1)


def clip(text):
    text = str(text)
    return text if len(text) <= MOST else text[:MOST] + "…"


def failed(e):
    """An exception of the user's file, as it is told."""
    try:
        text = str(e)
    except Exception:
        text = "(its text cannot be made)"
    error = {"kind": "exception", "type": type(e).__name__, "text": clip(text), "frames": places.frames(e.__traceback__)}
    error["traceback"] = clip("".join(traceback.format_exception(type(e), e, e.__traceback__))[-MOST:])
    if isinstance(e, SystemExit):
        error["kind"] = "exit"
    elif isinstance(e, ImportError):
        error["kind"] = "import"
        error["module"] = e.name or ""
        error["missing"] = isinstance(e, ModuleNotFoundError)
    elif isinstance(e, SyntaxError):
        error["kind"] = "syntax"
        error["text"] = clip(e.msg)
        at = syntax(e)
        if at:
            error["frames"].append(at)
    return error


def syntax(e):
    name = os.path.abspath(e.filename) if e.filename else ""
    if not places.own(name):
        return None
    place = {"file": name, "line": e.lineno or 1}
    lines = places.lines(name)

    def column(line, offset):
        text = lines[line - 1].decode("utf-8", "replace") if 0 < line <= len(lines) else ""
        return len(text[: max(offset - 1, 0)].encode())

    if e.offset:
        place["column"] = column(place["line"], e.offset)
        last, offset = getattr(e, "end_lineno", None), getattr(e, "end_offset", None)
        if last and offset and offset > 0 and (last, offset) > (place["line"], e.offset):
            place.update(endLine=last, endColumn=column(last, offset))
    return place


class Recorder:
    """Remembers where the user's file makes components, tasks and groups, so
    that what is wrong with the compiled pipeline leads back to it. It listens
    at three doors of the SDK; where a version has them elsewhere, the pipeline
    compiles all the same, and its findings lead less far."""

    def __init__(self):
        self.graphs = []  # GraphComponents being made, or made
        self.open = []  # those being made
        self.tasks = []
        self.groups = []

    def listen(self):
        try:
            from kfp.dsl.base_component import BaseComponent
            from kfp.dsl.graph_component import GraphComponent
            from kfp.dsl.tasks_group import TasksGroup
        except ImportError:
            try:
                from kfp.components.base_component import BaseComponent
                from kfp.components.graph_component import GraphComponent
                from kfp.components.tasks_group import TasksGroup
            except ImportError:
                return
        recorder, call, make, enter = self, BaseComponent.__call__, GraphComponent.__init__, TasksGroup.__enter__

        def __call__(component, *args, **kwargs):
            place = places.caller()
            task = call(component, *args, **kwargs)
            if recorder.open and len(recorder.tasks) < MOST:
                recorder.tasks.append((recorder.open[-1], task, component, place))
            return task

        def __init__(graph, *args, **kwargs):
            recorder.graphs.append(graph)
            recorder.open.append(graph)
            try:
                make(graph, *args, **kwargs)
            finally:
                recorder.open.pop()

        def __enter__(group):
            place = places.caller()
            result = enter(group)
            if recorder.open and len(recorder.groups) < MOST:
                recorder.groups.append((recorder.open[-1], group, place))
            return result

        BaseComponent.__call__, GraphComponent.__init__, TasksGroup.__enter__ = __call__, __init__, __enter__

    def index(self, graph):
        for i, g in enumerate(self.graphs):
            if g is graph:
                return i
        return -1

    def used(self, graph):
        return any(component is graph for _, _, component, _ in self.tasks)

    def told(self):
        tasks, groups, definitions, known = [], [], [], {}
        for owner, task, component, place in self.tasks:
            if id(component) not in known:
                known[id(component)] = len(definitions)
                definition, params = places.function(function_of(component))
                definitions.append({"name": definition, "parameters": params})
            tasks.append({
                "owner": self.index(owner), "name": str(getattr(task, "name", "")), "graph": self.index(component),
                "call": place, "arguments": places.arguments(place), "definition": known[id(component)],
            })
        for owner, group, place in self.groups:
            groups.append({"owner": self.index(owner), "name": str(getattr(group, "name", "")), "call": place})
        return {"tasks": tasks, "groups": groups, "definitions": definitions}


class Numbers:
    """Stands in for Python's uuid in the SDK, which names groups at random, and
    in whose results the names of components follow from that."""

    def __init__(self):
        self.count = 0

    def __getattr__(self, name):
        return getattr(uuid, name)

    def uuid4(self):
        self.count += 1
        return uuid.uuid5(uuid.NAMESPACE_OID, str(self.count))

    def put(self):
        for package in ("kfp.dsl", "kfp.components"):
            for name in ("graph_component", "structures"):
                module = sys.modules.get(package + "." + name)
                if getattr(module, "uuid", None) is uuid:
                    module.uuid = self


def function_of(component):
    for name in ("pipeline_func", "python_func"):
        func = getattr(component, name, None)
        if func is not None:
            while hasattr(func, "__wrapped__"):
                func = func.__wrapped__
            return func
    return None


def sdk():
    """The compiler of the SDK; what is wrong with the SDK is told."""
    try:
        import kfp
    except ImportError as e:
        missing = isinstance(e, ModuleNotFoundError) and e.name == "kfp"
        answer.write(error={"kind": "sdk-missing" if missing else "sdk-broken", "text": clip(e)})
        return None
    except Exception as e:
        answer.write(error={"kind": "sdk-broken", "text": clip(e)})
        return None
    version = str(getattr(kfp, "__version__", ""))
    answer.fields["sdk"] = version
    if version.split(".")[0] in ("0", "1"):
        answer.write(error={"kind": "sdk-old"})
        return None
    try:
        from kfp import compiler
        return compiler.Compiler
    except Exception as e:
        answer.write(error={"kind": "sdk-broken", "text": clip(e)})
        return None


def load():
    """Imports the file as a module that is not __main__. Modules beside it can
    be imported as if it had been called, and relatively too: a folder with
    __init__.py is the package that it says it is, another one stands in for
    one."""
    folder, base = os.path.split(FILE)
    stem = os.path.splitext(base)[0]
    sys.path.insert(0, folder)
    sys.argv[:] = [FILE]
    package, top = [], folder
    while os.path.isfile(os.path.join(top, "__init__.py")) and os.path.dirname(top) != top:
        top, name = os.path.split(top)
        package.insert(0, name)
    with open(FILE, "rb") as f:
        text = f.read()
    tree = ast.parse(text, FILE)
    relative = any(isinstance(n, ast.ImportFrom) and n.level for n in ast.walk(tree))
    if package:
        sys.path.insert(1, top)
    if package and relative:
        name = ".".join(package + [stem])
        importlib.import_module(".".join(package))
    elif relative:
        parent = types.ModuleType("kfp_go_folder")
        parent.__path__ = [folder]
        sys.modules[parent.__name__] = parent
        name = parent.__name__ + "." + stem
    else:
        name = stem if stem not in sys.modules and stem.isidentifier() else "kfp_go_" + stem
    spec = importlib.util.spec_from_file_location(name, FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def line_of(candidate):
    place = candidate["place"]
    return (place["line"] if place else 0, candidate["name"])


def candidates(module):
    """The pipelines and components that the module names, those of its own
    first of all: what it imports counts only when it has none."""
    try:
        from kfp.dsl.base_component import BaseComponent
        from kfp.dsl.graph_component import GraphComponent
    except ImportError:
        from kfp.components.base_component import BaseComponent
        from kfp.components.graph_component import GraphComponent
    found, seen = [], {}
    for name, obj in list(vars(module).items()):
        if not isinstance(obj, BaseComponent):
            continue
        place, _ = places.function(function_of(obj))
        own = bool(place) and os.path.realpath(place["file"]) == os.path.realpath(FILE)
        kind = "pipeline" if isinstance(obj, GraphComponent) else "component"
        entry = {"name": name, "kind": kind, "own": own, "place": place if own else None, "object": obj}
        if id(obj) in seen:
            seen[id(obj)].setdefault("aliases", []).append(name)
            continue
        seen[id(obj)] = entry
        found.append(entry)
    return sorted(found, key=line_of)


def choose(found, recorder):
    """The one to compile, or None after the answer."""
    told = [{k: v for k, v in c.items() if k != "object"} for c in found]
    wanted = REQUEST["function"]
    if wanted:
        for c in found:
            if wanted == c["name"] or wanted in c.get("aliases", ()):
                return c["object"]
        answer.write(error={"kind": "unknown"}, candidates=told)
        return None
    for kind in ("pipeline", "component"):
        for own in (True, False):
            some = [c for c in found if c["kind"] == kind and c["own"] == own]
            if kind == "pipeline":  # one that another one calls is a part, not a whole
                some = [c for c in some if not recorder.used(c["object"])] or some
            if len(some) == 1:
                return some[0]["object"]
            if some:
                names = {c["name"] for c in some}
                answer.write(error={"kind": "several"}, candidates=[c for c in told if c["name"] in names])
                return None
    answer.write(error={"kind": "none"}, candidates=told)
    return None


def work():
    compiler = sdk()
    if compiler is None:
        return
    recorder = Recorder()
    recorder.listen()
    Numbers().put()
    try:
        module = load()
    except BaseException as e:
        answer.write(error=failed(e))
        return
    chosen = choose(candidates(module), recorder)
    if chosen is None:
        return
    definition, params = places.function(function_of(chosen))
    try:
        compiler().compile(chosen, REQUEST["out"])
    except BaseException as e:
        error = failed(e)
        if not error["frames"] and definition:
            error["frames"] = [definition]
        answer.write(error=error)
        return
    answer.write(graph=recorder.index(chosen), main={"name": definition, "parameters": params}, **recorder.told())


threading.Thread(target=watch, args=(threading.get_ident(),), daemon=True).start()
try:
    work()
    answer.write(error={"kind": "sdk-odd", "text": "it gave no result"})
except BaseException as e:
    answer.write(error={"kind": "sdk-odd", "text": clip(type(e).__name__ + ": " + str(e)), "traceback": clip(traceback.format_exc()[-MOST:])})
finally:
    try:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        pass
    os._exit(0)

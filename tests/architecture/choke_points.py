"""Reads the package's syntax trees and tells where it does what only one place may do.

Each rule is a function from a parsed module to the nodes that break it; ``ALLOWED`` says which files may,
and why. :func:`breaches` gives ``file:line`` messages.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Rule = Callable[[ast.Module], Iterator[ast.AST]]


@dataclass(frozen=True)
class Breach:
    """One place that breaks one rule."""

    rule: str
    file: str
    line: int
    code: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.code}"


def breaches(file: str, source: str, rules: Mapping[str, Rule]) -> list[Breach]:
    """Everything in one file that breaks a rule which the file is not excepted from."""
    tree = ast.parse(source, file)
    return [
        Breach(name, file, getattr(node, "lineno", 0), ast.unparse(node)[:100])
        for name, rule in rules.items()
        if file not in ALLOWED.get(name, {})
        for node in rule(tree)
    ]


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def _imports(tree: ast.AST, *packages: str) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        if any(name == package or name.startswith(package + ".") for name in names for package in packages):
            yield node


def _keyword(call: ast.Call, name: str, *values: object) -> bool:
    return any(
        keyword.arg == name and isinstance(keyword.value, ast.Constant) and keyword.value.value in values
        for keyword in call.keywords
    )


def _texts(tree: ast.AST) -> Iterator[tuple[ast.Constant, str]]:
    """String constants that are not documentation."""
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node, node.value


def files_are_opened(tree: ast.Module) -> Iterator[ast.AST]:
    """``open``, ``os.open`` and their kin, ``Path.read_text`` and its kin, temporary files, ``sqlite3``."""
    functions = {"open", "io.open", "io.FileIO", "codecs.open", "os.open", "os.fdopen", "sqlite3.connect"}
    functions |= {
        "shutil.copy",
        "shutil.copyfile",
        "shutil.move",
        "shutil.copytree",
        "os.rename",
        "os.replace",
    }
    functions |= {"os.link", "os.symlink", "os.truncate", "os.mkfifo"}
    methods = {"read_bytes", "write_text", "write_bytes", "touch", "symlink_to", "hardlink_to", "rename"}
    for call, name in _calls(tree):
        last = name.rpartition(".")[2]
        opener = last == "open" and name != "webbrowser.open"
        reader = last == "read_text" and not call.args
        if name in functions or opener or reader or last in methods or name.startswith("tempfile."):
            yield call


def folders_are_made_or_files_removed(tree: ast.Module) -> Iterator[ast.AST]:
    names = {"mkdir", "makedirs", "unlink", "remove", "rmdir", "rmtree", "removedirs", "chmod", "chown"}
    for call, name in _calls(tree):
        receiver, _, last = name.rpartition(".")
        by_path = last in names - {"remove"} or (last == "remove" and receiver == "os")
        if by_path and receiver:
            yield call


def yaml_is_loaded(tree: ast.Module) -> Iterator[ast.AST]:
    yield from _imports(tree, "yaml", "_yaml")


def http_is_spoken(tree: ast.Module) -> Iterator[ast.AST]:
    packages = ("httpx", "httpcore", "h11", "socket", "ssl", "requests", "aiohttp", "urllib3", "http.client")
    yield from _imports(tree, *packages, "urllib.request", "ftplib", "smtplib", "telnetlib", "xmlrpc")


def addresses_are_joined(tree: ast.Module) -> Iterator[ast.AST]:
    """A text with ``://`` that is put together with something else; ``urlencode``, ``urljoin``, ``quote``."""
    joiners = {"urlencode", "urljoin", "urlunsplit", "urlunparse"}
    for call, name in _calls(tree):
        formatted = name.endswith(".format") and "://" in ast.unparse(call.func)
        if name.rpartition(".")[2] in joiners or formatted:
            yield call
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and _is_address(node):
            yield node
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
            for side in (node.left, node.right):
                text = side.value if isinstance(side, ast.Constant) else ""
                if isinstance(text, str) and ("/assistants" in text or text.endswith("://")):
                    yield node


def _is_address(node: ast.JoinedStr) -> bool:
    parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
    return any(isinstance(part, str) and ("://" in part or "/assistants" in part) for part in parts)


def terminal_is_painted(tree: ast.Module) -> Iterator[ast.AST]:
    """ANSI sequences as text, or click's painters."""
    for found, text in _texts(tree):
        if "\x1b" in text or "\x9b" in text:
            yield found
    for call, name in _calls(tree):
        if name in ("click.style", "click.secho"):
            yield call
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
        if {"style", "secho"}.intersection(names) and getattr(node, "module", "") == "click":
            yield node


def something_is_printed(tree: ast.Module) -> Iterator[ast.AST]:
    names = ("print", "click.echo", "echo", "click.secho", "pprint", "sys.stdout.write", "sys.stderr.write")
    for call, name in _calls(tree):
        if name in names or name.startswith(("logging.", "warnings.warn", "traceback.print")):
            yield call


def code_is_run(tree: ast.Module) -> Iterator[ast.AST]:
    names = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "runpy.run_path"}
    for call, name in _calls(tree):
        spawned = name.startswith(("os.exec", "os.spawn", "os.posix_spawn")) or _keyword(call, "shell", True)
        loaded = name in ("yaml.load", "yaml.unsafe_load", "yaml.full_load", "marshal.loads")
        if name in names or spawned or loaded:
            yield call
    yield from _imports(tree, "pickle", "shelve", "marshal", "dill", "jsonpickle", "code", "codeop", "imp")


def a_process_is_started(tree: ast.Module) -> Iterator[ast.AST]:
    yield from _imports(tree, "subprocess", "multiprocessing", "pty")
    yield from (
        call
        for call, name in _calls(tree)
        if name.startswith(("os.fork", "os.spawn", "os.exec", "os.posix_"))
    )


def a_guard_is_switched_off(tree: ast.Module) -> Iterator[ast.AST]:
    """TLS without verification, followed redirects, the machine's settings trusted, contexts unchecked."""
    for call, name in _calls(tree):
        off = _keyword(call, "verify", False, None) or _keyword(call, "check_hostname", False)
        followed = _keyword(call, "follow_redirects", True) or _keyword(call, "allow_redirects", True)
        unverified = name.rpartition(".")[2] in ("_create_unverified_context", "_create_stdlib_context")
        if off or followed or unverified:
            yield call
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("CERT_NONE", "CERT_OPTIONAL"):
            yield node
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Attribute) and target.attr in ("check_hostname", "verify_mode")
            for target in node.targets
        ):
            yield node


def the_network_trusts_the_machine(tree: ast.Module) -> Iterator[ast.AST]:
    """``trust_env=True`` also reads ``.netrc``: proxies and certificates are taken one by one instead."""
    for call, _ in _calls(tree):
        if _keyword(call, "trust_env", True):
            yield call


_ESCAPERS = ("unicode_escape", "unicode-escape", "\x00-\x1f", r"\x00-\x1f", "\x00-\x08", r"\x00-\x08")


def text_is_escaped(tree: ast.Module) -> Iterator[ast.AST]:
    """An escaper of one's own: tables of control characters, ``unicode_escape``."""
    for node, text in _texts(tree):
        if any(sign in text for sign in _ESCAPERS):
            yield node


RULES: Mapping[str, Rule] = {
    "only files.py opens files": files_are_opened,
    "only files.py changes folders": folders_are_made_or_files_removed,
    "only the one loader reads YAML": yaml_is_loaded,
    "only client.py speaks HTTP": http_is_spoken,
    "only urls.py joins addresses": addresses_are_joined,
    "only the terminal painter knows ANSI": terminal_is_painted,
    "only the console prints": something_is_printed,
    "no code is run from data": code_is_run,
    "no process is started": a_process_is_started,
    "no guard is switched off": a_guard_is_switched_off,
    "no blanket trust in the environment": the_network_trusts_the_machine,
    "only escape.py escapes": text_is_escaped,
}

_OWN_SERVER = "the embedded server, the other side of the wire"
ALLOWED: Mapping[str, Mapping[str, str]] = {
    "only files.py opens files": {
        "files.py": "the one opener",
        "descriptors.py": "its lower half",
        "cli/run.py": "the null device in place of a closed standard stream",
        "cli/sink.py": "the null device in place of a closed output",
        "server/database.py": "the file that SQLite opens by itself is made first, privately",
    },
    "only files.py changes folders": {
        "files.py": "the one opener",
        "descriptors.py": "its lower half",
        "state.py": "the private state folder",
        "cli/crash.py": "the folder of crash files",
        "commands/records.py": "the folder of records; the oldest go",
        "commands/journal.py": "a settled journal begins anew",
        "commands/init.py": "the folder that the operator named",
        "commands/exclusive.py": "the name of who held the lock",
    },
    "only the one loader reads YAML": {
        "manifest/yaml_events.py": "the seam to the library",
        "manifest/yaml_nodes.py": "half of the one loader",
        "manifest/yaml_reader.py": "half of the one loader",
    },
    "only client.py speaks HTTP": {
        "providers/client.py": "the one client",
        "providers/sockets.py": "its lower half: deadlines on sockets",
        "server/connections.py": _OWN_SERVER,
        "cli/signals.py": "a pair of sockets inside the process, for the signal that wakes it",
    },
    "only urls.py joins addresses": {
        "providers/urls.py": "the one builder",
        "providers/client.py": "a proxy that the operator named without its scheme",
        "server/connections.py": _OWN_SERVER + ": tells its own address",
    },
    "only the terminal painter knows ANSI": {
        "cli/console.py": "Error and Warning in colour",
        "render/style.py": "the one painter of lines",
    },
    "only the console prints": {"__main__.py": "--version, before the console is loaded"},
    "no process is started": {
        "commands/init.py": "the name of the git remote, by git's full path, without a shell",
        "commands/git.py": "old revisions, by git's full path, without a shell",
        "providers/token.py": "the operator's own command for a key",
        "workers.py": "copies of this process that read manifests and nothing else",
    },
    "no code is run from data": {
        "workers.py": "results of our own copies, through a pipe of ours, and only classes of our own",
    },
    "no blanket trust in the environment": {
        "providers/client.py": "SSL_CERT_FILE and SSL_CERT_DIR for the one TLS context",
    },
    "only escape.py escapes": {
        "render/escape.py": "the one escaper",
        "manifest/editing/emit.py": "finds which YAML style can hold a text",
        "manifest/texts.py": "finds such characters and refuses them",
        "manifest/yaml_reader.py": "finds such characters and refuses them",
    },
}
"""Who may break a rule, and why."""

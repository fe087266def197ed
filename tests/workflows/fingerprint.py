"""The commands of a workflow's code, in the order of the source: what a replay depends on."""

import ast
from collections.abc import Iterator
from pathlib import Path

COMMANDS = frozenset(
    {
        "execute_activity_method",
        "execute_local_activity_method",
        "start_activity_method",
        "execute_child_workflow",
        "start_child_workflow",
        "signal",
        "query",
        "update",
        "sleep",
        "wait",
        "wait_condition",
        "patched",
        "deprecate_patch",
        "continue_as_new",
        "upsert_search_attributes",
        "uuid4",
    }
)


def fingerprint(path: Path) -> list[str]:
    """Each command as ``Class.function: command(first argument)``, in the order of the source."""
    return list(_commands(ast.parse(path.read_text()), ()))


def _commands(node: ast.AST, scope: tuple[str, ...]) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        inner = (*scope, child.name) if named else scope
        if isinstance(child, ast.Call) and _is_command(child.func):
            yield f"{'.'.join(inner)}: {_shown(child)}"
        yield from _commands(child, inner)


def _is_command(func: ast.expr) -> bool:
    return (
        isinstance(func, ast.Attribute)
        and func.attr in COMMANDS
        and isinstance(func.value, ast.Name)
        and func.value.id == "workflow"
    )


def _shown(call: ast.Call) -> str:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    named = [f"name={ast.unparse(keyword.value)}" for keyword in call.keywords if keyword.arg == "name"]
    return f"{name}({', '.join([*(ast.unparse(arg) for arg in call.args[:1]), *named])})"

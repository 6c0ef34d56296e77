"""Functions of the tools say what they take and return; `ruff` holds the same where it is installed."""

import ast
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "ecs" / "tools" / "gatehouse_ecs"


def unannotated(source):
    """The names of functions that lack the type of a parameter or of their result."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        taken = node.args
        parameters = [*taken.posonlyargs, *taken.args, *taken.kwonlyargs, taken.vararg, taken.kwarg]
        named = [one for one in parameters if one is not None and one.arg not in ("self", "cls")]
        if node.returns is None or any(one.annotation is None for one in named):
            found.append(f"{node.name}, line {node.lineno}")
    return found


class AnnotationTests(unittest.TestCase):
    def test_every_function_is_annotated(self):
        files = sorted(TOOLS.rglob("*.py"))
        self.assertGreater(len(files), 30)
        self.assertIn(TOOLS / "local" / "task.py", files)
        missing = [f"{path.relative_to(TOOLS)}: {one}" for path in files for one in unannotated(path.read_text())]
        self.assertEqual(missing, [])

    def test_a_missing_annotation_is_found(self):
        for source, is_found in (
            ("def one(a: int) -> int: ...", False),
            ("class A:\n    def one(self, *, a: int = 1, **more: int) -> None: ...", False),
            ("def one(a: int): ...", True),
            ("def one(a) -> None: ...", True),
            ("def one(*a) -> None: ...", True),
            ("def one(*, a=1) -> None: ...", True),
            ("def one() -> None:\n    def two(): ...", True),
        ):
            with self.subTest(source):
                self.assertEqual(bool(unannotated(source)), is_found)


if __name__ == "__main__":
    unittest.main()

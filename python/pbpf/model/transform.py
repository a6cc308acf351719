"""A program's function, with its operators, variables and calls made operations of the model.

Promises: control flow stays Python's own (`if`, `while`, `for`, `match`, `and`, `or`, `with`); line numbers stay, so that tracebacks
point into the user's file. Annotations on locals, which CPython ignores, take effect. Leaves out: what an operation does
(`operations`).
"""

from __future__ import annotations

import ast
import copy
import linecache
from types import FunctionType
from typing import Any, Callable

OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.USub: "-", ast.Invert: "~", ast.UAdd: "+",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip

#: The name under which the operations are in a function's globals.
MODEL = "__pbpf__"

_parsed: dict[str, tuple[int, dict[int, ast.FunctionDef]]] = {}


def definition(func: FunctionType) -> ast.FunctionDef:
    """The syntax tree of a function, from its file."""
    name = func.__code__.co_filename
    lines = linecache.getlines(name, func.__globals__)
    known = _parsed.get(name)
    text = "".join(lines)
    if known is None or known[0] != hash(text):
        found: dict[int, ast.FunctionDef] = {}
        for node in ast.walk(ast.parse(text, name)):
            if isinstance(node, ast.FunctionDef):
                for line in (node.lineno, *(d.lineno for d in node.decorator_list)):
                    found.setdefault(line, node)
        known = _parsed[name] = (hash(text), found)
    if func.__code__.co_firstlineno not in known[1]:
        raise RuntimeError(f"the source of `{func.__name__}` is not to be had")
    return known[1][func.__code__.co_firstlineno]


def compiled(func: FunctionType, operations: Any, is_global: Callable[[Any], bool]) -> Callable[..., Any]:
    """The function as the model runs it."""
    scope = func.__globals__
    # A copy: the tree of the file is kept for the other functions.
    node = copy.deepcopy(definition(func))
    node.decorator_list, node.returns = [], None
    node = Rewriter(node, {name for name, value in scope.items() if is_global(value)}).rewrite()
    module = ast.fix_missing_locations(ast.Module(body=[node], type_ignores=[]))
    scope[MODEL] = operations
    made: dict[str, Any] = {}
    exec(compile(module, func.__code__.co_filename, "exec"), scope, made)
    return made[node.name]


class Rewriter(ast.NodeTransformer):
    """Rewrites one function."""

    def __init__(self, node: ast.FunctionDef, globals_: set[str]) -> None:
        self.node = node
        self.count = 0
        self.declared: dict[str, ast.expr] = {}
        stored, said = set[str](), set[str]()
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
                stored.add(inner.id)
            elif isinstance(inner, ast.arg):
                stored.add(inner.arg)
            elif isinstance(inner, ast.Global):
                said.update(inner.names)
            elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                self.declared.setdefault(inner.target.id, inner.annotation)
            elif isinstance(inner, ast.MatchAs) and inner.name:
                stored.add(inner.name)
        self.globals = {n for n in globals_ if n in said or n not in stored}

    def rewrite(self) -> ast.FunctionDef:
        node = self.node
        for arg in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            if arg.annotation is not None:
                self.declared.setdefault(arg.arg, arg.annotation)
            arg.annotation = None
        types = [
            ast.Assign([ast.Name(_type_name(n), ast.Store())], annotation, lineno=node.lineno)
            for n, annotation in self.declared.items()
        ]
        node.body = [*types, *self.block(node.body)]
        return node

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for statement in statements:
            result = self.visit(statement)
            made.extend(result if isinstance(result, list) else [result] if result else [])
        return made or [ast.Pass()]

    def temporary(self) -> str:
        self.count += 1
        return f"_pbpf_{self.count}"

    # Statements

    def visit_Assign(self, node: ast.Assign) -> Any:
        value = self.visit(node.value)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            return self.stored(node.targets[0], value, node)
        made: list[ast.stmt] = []
        name = self.temporary()
        if isinstance(node.value, (ast.Tuple, ast.List)) and not self._starred(node):
            value = ast.Tuple(value.elts, ast.Load())
        made.append(_at(node, ast.Assign([ast.Name(name, ast.Store())], value)))
        for target in node.targets:
            made.extend(self.spread(target, ast.Name(name, ast.Load()), node))
        return made

    @staticmethod
    def _starred(node: ast.Assign) -> bool:
        return any(isinstance(inner, ast.Starred) for inner in ast.walk(node))

    def spread(self, target: ast.expr, value: ast.expr, node: ast.stmt) -> list[ast.stmt]:
        if isinstance(target, (ast.Tuple, ast.List)):
            made: list[ast.stmt] = []
            for index, inner in enumerate(target.elts):
                item = ast.Subscript(value, ast.Constant(index), ast.Load())
                made.extend(self.spread(inner, item, node))
            return made
        return [self.stored(target, value, node)]

    def stored(self, target: ast.expr, value: ast.expr, node: ast.stmt) -> ast.stmt:
        """`target = value`, the value cut to what the target holds."""
        if isinstance(target, ast.Name) and target.id in self.globals:
            place = ast.Attribute(ast.Name(target.id, ast.Load()), "pbpf_set", ast.Load())
            return _at(node, ast.Expr(ast.Call(place, [value], [])))
        if isinstance(target, ast.Name):
            return _at(node, ast.Assign([ast.Name(target.id, ast.Store())], self.held(target.id, value)))
        return _at(node, ast.Assign([self.visit(target)], value))

    def held(self, name: str, value: ast.expr) -> ast.expr:
        if name in self.declared:
            return _model("declare", ast.Name(_type_name(name), ast.Load()), value)
        return _model("bind", value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is None:
            return _at(node, ast.Pass())
        return self.stored(node.target, self.visit(node.value), node)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        op, value = ast.Constant(OPERATORS[type(node.op)]), self.visit(node.value)
        target = node.target
        if isinstance(target, ast.Name):
            current = self.visit(ast.Name(target.id, ast.Load()))
            return self.stored(target, _model("update", op, current, value), node)
        base, made = self.temporary(), list[ast.stmt]()
        made.append(_at(node, ast.Assign([ast.Name(base, ast.Store())], self.visit(target.value))))
        if isinstance(target, ast.Attribute):
            place: ast.expr = ast.Attribute(ast.Name(base, ast.Load()), target.attr, ast.Store())
            current = ast.Attribute(ast.Name(base, ast.Load()), target.attr, ast.Load())
            made.append(_at(node, ast.Assign([place], _model("binary", op, current, value))))
            return made
        key = self.temporary()
        made.append(_at(node, ast.Assign([ast.Name(key, ast.Store())], self.visit(target.slice))))
        element = [ast.Name(base, ast.Load()), ast.Name(key, ast.Load())]
        made.append(_at(node, ast.Expr(_model("change", *element, op, _model("current", *element), value))))
        return made

    def visit_For(self, node: ast.For) -> Any:
        item = self.temporary()
        items = _model("each", self.visit(node.iter))
        first = self.spread(node.target, ast.Name(item, ast.Load()), node)
        made = ast.For(ast.Name(item, ast.Store()), items, [*first, *self.block(node.body)],
                       self.block(node.orelse) if node.orelse else [])  # fmt: skip
        return _at(node, made)

    def visit_If(self, node: ast.If) -> Any:
        node.test = self.visit(node.test)
        node.body = self.block(node.body)
        node.orelse = self.block(node.orelse) if node.orelse else []
        return node

    def visit_While(self, node: ast.While) -> Any:
        node.test = self.visit(node.test)
        node.body = self.block(node.body)
        node.orelse = self.block(node.orelse) if node.orelse else []
        return node

    def visit_With(self, node: ast.With) -> Any:
        for item in node.items:
            item.context_expr = self.visit(item.context_expr)
        node.body = self.block(node.body)
        return node

    def visit_Match(self, node: ast.Match) -> Any:
        node.subject = _model("join", self.visit(node.subject))
        for case in node.cases:
            case.guard = self.visit(case.guard) if case.guard else None
            case.body = self.block(case.body)
        return node

    def visit_Assert(self, node: ast.Assert) -> Any:
        failed = ast.Expr(_model("fail"))
        return _at(node, ast.If(ast.UnaryOp(ast.Not(), self.visit(node.test)), [failed], []))

    def visit_Global(self, node: ast.Global) -> Any:
        return _at(node, ast.Pass())

    def visit_Delete(self, node: ast.Delete) -> Any:
        node.targets = [self.visit(target) for target in node.targets]
        return node

    # Expressions

    def visit_Name(self, node: ast.Name) -> Any:
        if isinstance(node.ctx, ast.Load) and node.id in self.globals:
            return ast.Call(ast.Attribute(node, "pbpf_get", ast.Load()), [], [])
        return node

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        return _model("binary", ast.Constant(OPERATORS[type(node.op)]), self.visit(node.left), self.visit(node.right))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return ast.UnaryOp(node.op, self.visit(node.operand))
        if isinstance(node.operand, ast.Constant) and isinstance(node.operand.value, int) and isinstance(node.op, ast.USub):
            return ast.Constant(-node.operand.value)
        return _model("unary", ast.Constant(OPERATORS[type(node.op)]), self.visit(node.operand))

    def visit_Compare(self, node: ast.Compare) -> Any:
        tests: list[ast.expr] = []
        left = self.visit(node.left)
        for index, (op, right) in enumerate(zip(node.ops, node.comparators)):
            value = self.visit(right)
            following: ast.expr = value
            if index + 1 < len(node.ops):
                name = self.temporary()
                value = ast.NamedExpr(ast.Name(name, ast.Store()), value)
                following = ast.Name(name, ast.Load())
            if isinstance(op, (ast.In, ast.NotIn)):
                test = _model("contains", left, value)
                tests.append(ast.UnaryOp(ast.Not(), test) if isinstance(op, ast.NotIn) else test)
            else:
                tests.append(_model("compare", ast.Constant(OPERATORS[type(op)]), left, value))
            left = following
        return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        return _model("join", ast.BoolOp(node.op, [self.visit(v) for v in node.values]))

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        return _model("join", ast.IfExp(self.visit(node.test), self.visit(node.body), self.visit(node.orelse)))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Any:
        return ast.NamedExpr(node.target, self.held(node.target.id, self.visit(node.value)))

    def visit_Call(self, node: ast.Call) -> Any:
        words = [ast.keyword(k.arg, self.visit(k.value)) for k in node.keywords]
        call = _model("call", self.visit(node.func), *(self.visit(a) for a in node.args))
        call.keywords = words
        return call

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        node.value = self.visit(node.value)
        return node


def _type_name(name: str) -> str:
    return f"_pbpf_type_{name}"


def _model(operation: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(ast.Name(MODEL, ast.Load()), operation, ast.Load()), list(args), [])


def _at(node: ast.stmt, made: Any) -> Any:
    return ast.copy_location(made, node)

"""Compiles sources for the Python that runs this: requests on standard input, answers on standard output.

Run by each Python that a release is made for, wherever that stands; it imports nothing of the project. Requests and
answers are marshalled, in the form that all of them read.

The first request is a list of (module, path, source as bytes, whether it is one of a cold start). The answer is the
texts in the code of a cold start. The second request is the texts of all Pythons. The answer is the magic number; how
the marshalled `(texts, code of a cold start)` begins, and its further pieces, one a module; and the code of each other
module. Equal texts, names and tables are marshalled once, and referred to.
"""

import ast
import marshal
import sys
from importlib.util import MAGIC_NUMBER

FORM = 2  # without references: any Python reads it

Code = type((lambda: None).__code__)


class Same:
    """Makes one object of equal constants, so that marshal refers to the first of them."""

    def __init__(self):
        self.kept = {}

    def __call__(self, value):
        """The same value, of parts that all that has been asked for shares."""
        kind = type(value)
        if kind is str:
            return self.kept.setdefault((str, value), sys.intern(value))
        if kind in (int, float, bytes):
            return self.kept.setdefault((kind, repr(value)), value)
        if kind in (tuple, frozenset):
            value = kind(map(self, value))
            return self.kept.setdefault((kind, *map(id, value)), value)
        if kind is Code:
            names = ["co_consts", "co_names", "co_filename", "co_name", "co_linetable"]
            if sys.version_info >= (3, 11):
                names += ["co_qualname", "co_exceptiontable"]
            else:
                names += ["co_varnames", "co_freevars", "co_cellvars"]
            return value.replace(**{name: self(getattr(value, name)) for name in names})
        return value


class WithoutTypes(ast.NodeTransformer):
    """Leaves out what only type checkers read.

    That is what stands where `TYPE_CHECKING` is False, and annotations: of a module's variables, and in functions and
    classes that are private or within a function. The others are part of what `inspect` and `help` show.
    """

    def __init__(self):
        self.is_private = False
        self.keeps_variables = False

    def visit(self, node):
        """Anything. There is no statement in an expression, and expressions are most of what there is."""
        return node if isinstance(node, (ast.expr, ast.expr_context)) else super().visit(node)

    def visit_If(self, node):
        """An `if` statement."""
        self.generic_visit(node)
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node.orelse or ast.copy_location(ast.Pass(), node)
        return node

    def visit_FunctionDef(self, node):
        """A function."""
        if self._is_private(node):
            node.returns = None
            given = node.args
            for each in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
                if each is not None:
                    each.annotation = None
        return self._inside(node, is_private=True, keeps_variables=True)  # where they are not even kept

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node):
        """A class."""
        is_private = self._is_private(node)
        return self._inside(node, is_private=is_private, keeps_variables=not is_private)

    def visit_AnnAssign(self, node):
        """A variable with an annotation."""
        if self.keeps_variables:
            return node
        kept = ast.Pass() if node.value is None else ast.Assign([node.target], node.value)
        return ast.copy_location(kept, node)

    def _is_private(self, node):
        return self.is_private or (node.name.startswith("_") and not node.name.endswith("__"))

    def _inside(self, node, *, is_private, keeps_variables):
        before = self.is_private, self.keeps_variables
        self.is_private, self.keeps_variables = is_private, keeps_variables
        self.generic_visit(node)
        self.is_private, self.keeps_variables = before
        return node


def compiled(source):
    """The code of a module; whoever loads it says which file it is of."""
    tree = ast.parse(source)
    if any(type(each) is ast.Assign and ast.unparse(each) == "TYPE_CHECKING = False" for each in tree.body):
        tree = WithoutTypes().visit(tree)
    return compile(tree, "", "exec", dont_inherit=True, optimize=0)


def texts_in(value):
    """All texts in a code, or in what it consists of."""
    if type(value) is str:
        return {value}
    if type(value) in (tuple, frozenset):
        return set().union(*map(texts_in, value))
    if type(value) is not Code:
        return set()
    names = ["co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_filename", "co_name"]
    return set().union(*(texts_in(getattr(value, name, ())) for name in [*names, "co_qualname"]))


def answer(value):
    """Write an answer."""
    sys.stdout.buffer.write(marshal.dumps(value, FORM))
    sys.stdout.buffer.flush()


def main():
    """Answer both requests."""
    sources = marshal.load(sys.stdin.buffer)
    first = [compiled(source) for _, _, source, is_first in sources if is_first]
    answer(sorted(set().union(*map(texts_in, first))))
    same = Same()
    texts = same(tuple(marshal.load(sys.stdin.buffer)))
    first = tuple(map(same, first))
    ends = [len(marshal.dumps((texts, first[:count]))) for count in range(len(first) + 1)]
    whole = marshal.dumps((texts, first))
    pieces = [whole[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
    # How often something is referred to must not depend on what else the process has.
    others = {
        module: marshal.dumps(marshal.loads(marshal.dumps(compiled(source))))
        for module, _, source, is_first in sources
        if not is_first
    }
    answer((MAGIC_NUMBER, pieces, others))


main()

"""Run a module as who installs the loader has it: ``python -m tests.bench.without_pandas MODULE ARGUMENTS…``.

pyarrow imports pandas if it is there, which takes 0.15 s. The tests need pandas; neither the loader nor DuckDB does.
"""

from __future__ import annotations

import runpy
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec


class _WithoutPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError(f"{fullname} is hidden", name=fullname)
        return None


if __name__ == "__main__":
    sys.meta_path.insert(0, _WithoutPandas())
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)

"""Location of the machine code cache."""

import pwd

from aurora.sim.kernel.jit import cache_folder


def test_machine_code_is_cached_without_a_home_folder(monkeypatch):
    def unknown(_: int) -> None:
        raise KeyError("uid not found")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for variable in ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"):
        monkeypatch.delenv(variable, raising=False)
    assert cache_folder.__wrapped__().is_dir()

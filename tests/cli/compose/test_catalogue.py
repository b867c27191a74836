import json

import pytest

from tests.cli.command import run


def ran(*arguments, code=0):
    done = run(*arguments)
    assert done.exit_code == code, done.stderr
    return done



"""conftest.py -- What every Python suite shares: the build directory under test and the marks."""

import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]


def pytest_addoption(parser):
    parser.addoption("--build", default=str(ROOT / "build-release"), help="meson build directory under test")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; runs with tools/test --full only")
    config.addinivalue_line("markers", "asan: runs in the sanitizer build too")


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """The source tree."""
    return ROOT


@pytest.fixture(scope="session")
def build(request) -> pathlib.Path:
    """The build directory whose programs the tests run."""
    return pathlib.Path(request.config.getoption("--build")).resolve()

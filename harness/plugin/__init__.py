"""The pytest plugin: options, collection, items and reporting apart; this module only lists the hooks."""

from harness.plugin.collect import pytest_collect_directory, pytest_collect_file, pytest_ignore_collect
from harness.plugin.hooks import pytest_configure, pytest_unconfigure
from harness.plugin.options import pytest_addoption

__all__ = [
    "pytest_addoption",
    "pytest_collect_directory",
    "pytest_collect_file",
    "pytest_configure",
    "pytest_ignore_collect",
    "pytest_unconfigure",
]

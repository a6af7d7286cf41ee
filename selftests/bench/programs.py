# SPDX-License-Identifier: GPL-2.0
"""Programs known in the field, on kgc and on its rivals in the same guest."""
import suites


def load():
    return suites.load("rivals")


def run():
    return suites.keep("rivals", "known programs and rivals", [])


def need():
    return load() or run()

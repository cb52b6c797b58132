"""A question that names what is not there."""

from __future__ import annotations


class Refused(Exception):
    """`field` of the question is wrong; `code` says how in a word, `detail` what there is instead."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.code, self.detail = field, code, detail

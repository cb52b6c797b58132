"""Comments that somebody other than a reader reads: tools, compilers, lawyers. They stay."""

import re

_LOOKED_AT = 2_000
"""Characters of one comment that are looked at."""

_FORM = re.compile(
    r"""\#!|//[!/]|/\*[*!+](?!/)   # documentation, MySQL's versions, hints of an optimizer
    |(?://|\#|--|/\*)[a-z]\w*:\S  # go:embed, nolint:all
    |//(?:export|line|sys)\b|//[ ]?\+build\b|\#\ ///""",
    re.VERBOSE,
)
_FIRST_WORD = re.compile(
    r"""\W*(?:eslint|tslint|jshint|jslint|globals?\s|prettier-|istanbul|c8\s|v8\s|webpack|vite|rollup|jsx|flow\b|stylelint
    |biome-|deno-|oxlint|noinspection|nosonar|nolint|lint|clang-|iwyu|cspell|spell-?checker|codespell|language=
    |(?:end)?region\b|type:|noqa|pragma|pylint|mypy|pyright|ruff|fmt:|yapf|isort|nosec|nosemgrep|doctest|.{0,20}coding[:=]
    |vim?:|ex:|emacs|shellcheck|syntax=|escape=|check=|yaml-language-server|yamllint|\$schema|swift-tools|sourcery|rubocop
    |frozen|code\ generated|sourcemappingurl|sourceurl|name:|migrate|liquibase|changeset|rollback|flyway|atlas|dbmate
    |statement|sqlfluff|goose|(?-i:@[a-z]|\+[a-z]))""",
    re.VERBOSE | re.IGNORECASE,
)
_ANYWHERE = re.compile(
    r"licen[sc]e|copyright|\(c\)|\u00a9|spdx|all rights reserved|do not edit|__pure__|no_side_effects|-\*-"
    r"|@(?:license|preserve|ts-|type|param|returns?|generated|format)|sourcemappingurl|webpack\w{0,30}:",
    re.IGNORECASE,
)


def is_kept(comment: str) -> bool:
    """Whether taking the comment away changes more than what a reader sees."""
    looked_at = comment[:_LOOKED_AT]
    return any(pattern.match(looked_at) for pattern in (_FORM, _FIRST_WORD)) or bool(_ANYWHERE.search(looked_at))

"""The kit in templates: `{{ bug.seen_at|moment }}`, `{% badge "open" "wait" %}`, `{% changes old new %}`."""

from django import template

from config.pages import kit

register = template.Library()

for _value in (kit.moment, kit.tree, kit.facts, kit.timeline, kit.prose):
    register.filter(_value.__name__, _value)
for _part in (kit.badge, kit.changes, kit.chart, kit.code, kit.command, kit.empty, kit.words):
    register.simple_tag(_part)

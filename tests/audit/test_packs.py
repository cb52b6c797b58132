"""The packs: what ships to be denied, asked and allowed."""

import pytest

from audit.permissions.calls import Call
from audit.permissions.deciding import RuleSet
from audit.permissions.matching import check
from audit.permissions.packs import PACKS, pack_rules
from audit.permissions.packs.pack import pack
from audit.permissions.posture import Posture, posture_for
from audit.permissions.rules import Rule, alternatives
from tests.audit.measure_decisions import measure, outcome
from tests.audit.pack_cases import DESTRUCTIVE, HARMLESS

RULES = RuleSet(pack_rules())


def said(command: str, posture: Posture = "balanced") -> str:
    return outcome(command, RULES, posture)[0]


def test_every_rule_of_the_packs_is_sound_and_has_an_id_of_its_pack() -> None:
    for name, rules in PACKS.items():
        assert rules
        for rule in (one for several in rules for one in alternatives(several)):
            check(rule)
            assert rule.id.startswith(f"{name}.")
            assert rule.decision != "deny" or rule.reason


def test_a_pattern_with_alternatives_stands_for_each_and_braces_of_a_team_for_themselves() -> None:
    rules = pack("x", "deny y: z\n    {java -jar x,x} * {a,b}-*\n    Read({k,l}.pem)")
    assert [rule.specifier for rule in rules] == ["java -jar x * {a,b}-*", "x * {a,b}-*", "{k,l}.pem"]
    assert [rule.text for rule in alternatives(rules[0])] == ["Bash(java -jar x * a-*)", "Bash(java -jar x * b-*)"]
    assert RuleSet(rules).decide(Call("Bash", {"command": "x 1 b-c"})).reason == "x.y, Bash(x * b-*): z"
    own = Rule(tool="Bash", specifier="git show HEAD@{1,2}", decision="deny")
    assert alternatives(own) == [own]
    said = {text: RuleSet([own]).decide(Call("Bash", {"command": text})).decision for text in ("git show HEAD@1",)}
    assert said == {"git show HEAD@1": "confirm"}


def test_no_rule_stands_twice() -> None:
    every = [one for rule in pack_rules() for one in alternatives(rule)]
    kept = [(rule.tool, rule.specifier, rule.decision, rule.spares) for rule in every]
    assert sorted(kept) == sorted(set(kept))


def test_the_packs_hold_their_figures_under_balanced() -> None:
    cases = [*(("allow", line) for line in HARMLESS), *(("block", line) for line in DESTRUCTIVE)]
    counts, wrong = measure(cases, "balanced")
    assert len(HARMLESS) >= 140
    assert len(DESTRUCTIVE) >= 140
    assert counts["block", "allowed"] == 0, wrong
    assert counts["block", "left"] <= 0.01 * len(DESTRUCTIVE), wrong
    assert counts["allow", "denied"] <= 0.01 * len(HARMLESS), wrong
    assert counts["allow", "asked"] <= 0.05 * len(HARMLESS), wrong


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("rm -rf /tmp/a", "left"), ("rm -rf dist node_modules", "left"), ('rm -rf "$TMPDIR"/x', "left"),
        ("rm -rf src", "asked"), ("rm -rf dist src", "asked"), ("cd .. && rm -rf dist", "denied"),
        ("rm -rf *", "denied"), ("rm -rf .git", "denied"), ("rm -rf /tmp", "denied"), ("rm -rf /tmp/../x", "denied"),
        ("TMPDIR=/ rm -rf $TMPDIR/x", "denied"), ("export TMPDIR=/; rm -rf $TMPDIR", "denied"),
        (": ${TMPDIR:=/}; rm -rf $TMPDIR", "denied"), ("rm -rf $TMPDIR/../x", "denied"),
        ("rm -rf $TMPDIR/$X", "denied"), ("cd $X; rm -rf dist", "denied"), ("rm -rf ~/dist", "denied"),
        ("find . -exec rm -rf {} +", "denied"), ("rm -rf $TMPDIR", "left"),
        ("rm -rf $TMPDIR/*", "denied"), ("rm -rf $TMPDIR/", "denied"),
        ("rm -rf ${TMPDIR}/e*", "denied"), ('rm -rf "$TMPDIR/usr"', "denied"), ("rm -rf $TMPDIR/x/*", "left"),
        ('eval "TMP""DIR=/"; rm -rf $TMPDIR/etc', "denied"),
        ('export TMP""DIR=/; rm -rf $TMPDIR/etc', "denied"), ("rm -rf /etc/dist", "denied"),
    ],
)  # fmt: skip
def test_removing_leftovers_is_no_destruction_and_anything_else_is(command: str, wanted: str) -> None:
    assert said(command) == wanted


def test_a_rule_of_the_team_is_not_softened_for_leftovers_or_rehearsals() -> None:
    team = [Rule(tool="Bash", specifier=text, decision="deny") for text in ("rm -rf *", "rclone sync *")]
    rules = RuleSet([*pack_rules(), *team])
    assert outcome("rm -rf dist", rules, "balanced")[0] == "denied"
    assert outcome("rclone sync a b: --dry-run", rules, "open")[0] == "denied"


@pytest.mark.parametrize(
    "command",
    [
        "handrail rules posture open", ".venv/bin/python manage.py rules allow-once 1a2b3c4d",
        "manage.py rules add allow Bash",
        "cd /srv/handrail && python3 manage.py rules except git", "uv run python manage.py rules withdraw x",
        "handrail agent_install --yes --undo shop", "cat ~/.config/handrail/agent.json",
        "echo x > ~/.config/handrail/hook.py",
    ],
)  # fmt: skip
def test_an_agent_does_not_loosen_what_binds_it(command: str) -> None:
    assert said(command, "open") == "denied"


def test_an_agent_may_ask_why() -> None:
    assert said("handrail rules explain 'git reset'") == "left"


def test_a_rehearsal_is_no_destruction_and_one_that_only_looks_alike_is() -> None:
    assert said("rsync -n --delete a/ b/") == "left"
    assert said("aws s3 rm --dryrun s3://b") == "left"
    assert said("rsync -a --delete --exclude=-n a/ b/") == "denied"
    assert said("rclone sync a b: --include --dry-run") == "denied"
    assert said("git push --force -o -n origin") == "denied"


def test_a_refusal_names_the_rule_the_part_and_what_to_do_instead() -> None:
    call = Call("Bash", {"command": "cd a && git push --force"}, cwd="/src", home="/home/you")
    decision = RULES.decide(call)
    assert decision.rule is not None
    assert decision.rule.id == "git.force-push"
    assert decision.part == "git push --force"
    assert "git.force-push" in decision.reason
    assert "Instead: git push --force-with-lease" in decision.reason


def test_a_posture_says_what_becomes_of_what_no_rule_speaks_of() -> None:
    assert [said("frobnicate x", posture) for posture in ("strict", "balanced", "open")] == ["asked", "left", "left"]
    assert [said("python3 -c 'x()'", posture) for posture in ("strict", "balanced", "open")] == [
        "asked",
        "asked",
        "left",
    ]
    assert [said("rm -rf /", posture) for posture in ("strict", "balanced", "open")] == ["denied"] * 3
    assert [said("git status", posture) for posture in ("strict", "balanced", "open")] == ["allowed", "allowed", "left"]


def test_one_unknown_part_leaves_no_known_one_unasked() -> None:
    assert said("frobnicate x && sudo ls") == "asked"
    assert said("frobnicate x && rm -rf /") == "denied"
    assert said("frobnicate rm -rf /") == "asked"


@pytest.mark.parametrize(
    "command", ["jq -n env", 'jq -n "[env.HOME]"', 'jq "$ENV.TOKEN" x', "jq env x", "ps e", "ps auxe", "file -C -m x"]
)
def test_what_shows_all_variables_or_writes_beside_looking_is_asked(command: str) -> None:
    assert said(command) == "asked"


@pytest.mark.parametrize("command", ["jq .env x.json", "jq -r .environment x", "ps -ef", "ps aux", "file -b x"])
def test_looking_beside_it_is_not(command: str) -> None:
    assert said(command) == "allowed"


def test_an_agent_that_asks_nobody_is_judged_strictly_unless_set_otherwise() -> None:
    assert posture_for(None, "balanced", "default") == "balanced"
    for mode in ("bypassPermissions", "never", "yolo"):
        assert posture_for(None, "balanced", mode) == "strict"
        assert posture_for("open", "balanced", mode) == "open"


def test_open_never_answers_allow() -> None:
    decision = RULES.decide(Call("Bash", {"command": "git status"}, cwd="/src"))
    assert decision.decision == "allow"
    assert decision._replace(posture="open").is_left


@pytest.mark.parametrize("text", ["    git status *", "deny x reason\n    git x", "maybe x: y\n    git x"])
def test_a_pack_that_cannot_be_read_is_refused_loudly(text: str) -> None:
    with pytest.raises(ValueError, match=r"a pattern before any heading|not a heading"):
        pack("x", text)

"""The rules that ship: what destroys data or history is denied, what is hard to undo is confirmed by a person."""

from audit.permissions.rules import Rule, parse_rule
from audit.verdicts import Verdict


def _rules(decision: Verdict, reason: str, *texts: str, match: str = "", not_match: str = "") -> list[Rule]:
    """Rules of one kind; the examples, one a line, belong to the first."""
    found = []
    for index, text in enumerate(texts):
        tool, specifier = parse_rule(text)
        examples = (_lines(match), _lines(not_match)) if index == 0 else ((), ())
        found.append(
            Rule(
                tool=tool,
                specifier=specifier,
                decision=decision,
                reason=reason,
                match=examples[0],
                not_match=examples[1],
            )
        )
    return found


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines() if line.strip())


_GUARDED_FILES_TEXT = """
    .env .env.local .env.*.local .env.production .env.staging .env.development .env.test .envrc .netrc .pgpass
    .git-credentials *.pem *.p12 *.pfx *.jks id_rsa id_dsa id_ecdsa id_ed25519 credentials.json service-account*.json
    secrets.yml secrets.yaml ~/.ssh/** ~/.gnupg/** ~/.aws/** ~/.kube/config ~/.docker/config.json
    ~/.config/gcloud/** ~/.config/gh/hosts.yml ~/.npmrc ~/.pypirc //etc/shadow //etc/gshadow
"""
_GUARDED_FILES = _GUARDED_FILES_TEXT.split()
_OWN_SETTINGS_TEXT = """
    .claude/settings.json .claude/settings.local.json .codex/** .cursor/hooks.json .gemini/settings.json
    .github/hooks/** ~/.claude/** ~/.codex/** ~/.cursor/** ~/.gemini/**
"""
_OWN_SETTINGS = _OWN_SETTINGS_TEXT.split()
_INSTRUCTIONS_TEXT = """
    CLAUDE.md CLAUDE.local.md AGENTS.md AGENTS.override.md GEMINI.md SKILL.md .cursor/rules/** .claude/** .agents/**
    .github/copilot-instructions.md .github/instructions/** .github/prompts/** .github/agents/**
"""
_INSTRUCTIONS = _INSTRUCTIONS_TEXT.split()
_READING_TEXT = """
    ls cat head tail wc sort uniq cut tr grep egrep fgrep rg find diff pwd echo printf cd which type date stat file
    tree du df basename dirname realpath readlink jq true test sleep seq id whoami uname hostname ps nproc
"""
_READING = _READING_TEXT.split()
_TOOLS = ("python", "python3", "pip", "pip3", "git", "npm", "node", "pytest", "black", "flake8", "mypy", "ruff")

RULES: list[Rule] = [
    *_rules(
        "deny",
        "removes folders for good; name what must go and let a person remove it",
        "Bash(rm -rf *)",
        match="rm -rf build\nrm -fr /\nsudo rm -r -f -- x\n/bin/rm --recursive --force x\nfind . -exec rm -rf {} +",
        not_match="rm notes.txt\ngit rm -rf docs\necho rm -rf build\ngit commit -m 'rm -rf is bad'",
    ),
    *_rules(
        "deny",
        "overwrites what others pushed; merge or rebase instead",
        "Bash(git push --force *)",
        "Bash(git push --mirror *)",
        "Bash(git push * +*)",
        match="git push --force\ngit push -f origin main\ngit -C /repo push origin main --force",
        not_match="git push origin main\ngit stash push -m force\ngit push --force-with-lease",
    ),
    *_rules(
        "deny",
        "deletes volumes, and with them databases",
        "Bash(docker volume rm *)",
        "Bash(docker volume prune *)",
        "Bash(docker compose down --volumes *)",
        "Bash(docker system prune --volumes *)",
        "Bash(podman volume rm *)",
        "Bash(podman volume prune *)",
        match="docker volume rm pgdata\ndocker --context prod volume rm -f pgdata",
        not_match="docker volume ls\ndocker compose down",
    ),
    *_rules(
        "deny",
        "destroys data; write a migration or let a person run it",
        "SQL(drop table *)",
        "SQL(drop database *)",
        "SQL(drop schema *)",
        "SQL(drop owned *)",
        "SQL(truncate *)",
        "SQL(* without where)",
        "SQL(copy * program *)",
        match="DROP TABLE users\nSELECT 1; drop table if exists a.b cascade",
        not_match="SELECT 'drop table users'\nCREATE TABLE t (id int)",
    ),
    *_rules("deny", "destroys data", "Bash(dropdb *)", "Bash(redis-cli flushall*)", "Bash(redis-cli FLUSHALL*)"),
    *_rules(
        "deny",
        "overwrites a disk",
        "Bash(mkfs*)",
        "Bash(wipefs *)",
        "Bash(dd * of=/dev/*)",
        "Edit(//dev/sd*)",
        "Edit(//dev/nvme*)",
        match="mkfs.ext4 /dev/sda1",
        not_match="ls mkfs",
    ),
    *_rules("deny", "holds secrets", *(f"Read({path})" for path in _GUARDED_FILES), match="/project/.env\n.env"),
    *_rules("deny", "holds keys", "Edit(~/.ssh/**)", "Edit(~/.gnupg/**)", "Edit(~/.aws/**)"),
    *_rules("confirm", "holds secrets", "Edit(.env)", "Edit(.env.*)"),
    *_rules("confirm", "decides what agents may do", *(f"Edit({path})" for path in _OWN_SETTINGS)),
    *_rules("confirm", "tells agents what to do", *(f"Edit({path})" for path in _INSTRUCTIONS)),
    *_rules(
        "confirm",
        "runs by itself later",
        "Edit(.git/hooks/**)",
        "Edit(.git/config)",
        *(f"Edit(~/{name})" for name in (".bashrc", ".bash_profile", ".profile", ".zshrc", ".zprofile", ".gitconfig")),
    ),
    *_rules("confirm", "removes files", "Bash(rm *)", "Bash(shred *)", "Bash(truncate *)", "Bash(find * -delete *)"),
    *_rules(
        "confirm",
        "throws work away or rewrites history",
        "Bash(git reset --hard *)",
        "Bash(git clean *)",
        "Bash(git checkout -- *)",
        "Bash(git checkout --force *)",
        "Bash(git checkout * -- *)",
        "Bash(git checkout .)",
        "Bash(git checkout * .)",
        "Bash(git switch --discard-changes *)",
        "Bash(git restore *)",
        "Bash(git branch -D *)",
        "Bash(git stash drop *)",
        "Bash(git stash clear *)",
        "Bash(git reflog expire *)",
        "Bash(git filter-branch *)",
        "Bash(git update-ref -d *)",
        "Bash(git tag -d *)",
        "Bash(git tag --delete *)",
        "Bash(git push --force-with-lease *)",
        "Bash(git push --delete *)",
        "Bash(git push * :*)",
        match="git reset --hard HEAD~3\ngit -c color.ui=never --no-pager reset --hard",
        not_match="git reset HEAD~1",
    ),
    *_rules("confirm", "skips the checks before a commit or push", "Bash(git commit --no-verify *)"),
    *_rules("confirm", "skips the checks before a commit or push", "Bash(git push --no-verify *)"),
    *_rules("confirm", "acts as another user", "Bash(sudo *)", "Bash(su *)", "Bash(doas *)"),
    *_rules(
        "confirm",
        "changes what runs elsewhere",
        "Bash(kubectl delete *)",
        "Bash(helm uninstall *)",
        "Bash(terraform destroy *)",
        "Bash(terraform apply *)",
        "Bash(aws s3 rb *)",
        "Bash(aws s3 rm *)",
        "Bash(docker rm *)",
        "Bash(docker system prune *)",
        "Bash(npm publish *)",
        "Bash(twine upload *)",
        "Bash(gh repo delete *)",
        "Bash(gh release delete *)",
        "Bash(crontab -r *)",
        "Bash(date -s *)",
        "Bash(date --set*)",
        "Bash(chmod -R 777 *)",
    ),
    *_rules(
        "confirm", "changes a database's shape or rights", "SQL(drop *)", "SQL(alter table * drop *)", "SQL(grant*)"
    ),
    *_rules("confirm", "reaches beyond the database", "SQL(function pg_read*)", "SQL(function dblink*)", "SQL(copy *)"),
    *_rules("allow", "a development tool", *(f"Bash({name} *)" for name in _TOOLS)),
    *_rules(
        "allow", "a development tool", *(f"Bash(.venv/bin/{name} *)" for name in _TOOLS if name not in ("git", "npm"))
    ),
    *_rules("allow", "only looks", *(f"Bash({name} *)" for name in _READING)),
    *_rules("allow", "in the working folder", "Read(./**)"),
    *_rules("allow", "text that nothing runs", "Edit(./**/*.md)", "Edit(./**/*.rst)", "Edit(./**/*.log)"),
]

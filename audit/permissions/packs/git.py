"""git: history, work in no commit, and what others pulled."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "git",
    """
deny reset: throws away work that is in no commit -> git stash, then git reset
    git reset --hard *
    git reset --merge *
    git reset --keep *
deny overwrite: overwrites files with work that is in no commit -> git stash, or git diff first and a person's word
    git checkout -- *
    git checkout * -- *
    git checkout .
    git checkout --force *
    git checkout-index --force *
    git restore --worktree *
    git switch --discard-changes *
    git stash {drop,clear} *
deny clean: removes files that git does not know -> git clean -nd tells which
    git clean --force *
deny force-push: overwrites what others pushed -> git push --force-with-lease, once a person agreed
    git push --force *
    git push --mirror *
deny delete-remote: deletes a branch or tag that others use -> let its owner delete it
    git push --delete *
    git push --prune *
deny branch: deletes commits that no other branch holds -> git branch -d, which refuses then
    git branch -D *
    git branch --delete --force *
    git branch -d -f *
deny history: rewrites or drops history for good -> git revert
    git filter-branch *
    git filter-repo *
    git reflog {expire,delete} *
    git gc --prune=*
    git gc --prune *
    git prune *
    git update-ref -d *
deny worktree: removes a working folder with what is in no commit -> git worktree remove, which refuses then
    git worktree remove --force *
ask rewrite: changes commits that may be pushed, or what others see
    git push --force-with-lease *
    git rebase *
    git tag -d *
    git tag --delete *
    git replace *
    git submodule deinit *
ask checks: skips the checks before a commit or push
    git commit --no-verify *
    git push --no-verify *
ask code: settings that may run programs, and writing through them
    git config --global *
    git config --system *
    git * --ext-diff *
allow read: only looks
    git {status,log,diff,show,blame,ls-files,ls-tree,rev-parse,describe,shortlog,rev-list,merge-base,grep,version} *
    git --version
    git branch
    git branch {--list,-a,-r,-v,-vv,--show-current} *
    git remote
    git remote -v
    git stash list *
    git tag
    git tag --list *
""",
)

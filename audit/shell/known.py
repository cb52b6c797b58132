"""Programs that take no command among their arguments: words after them are data, not something that runs."""

_PROGRAMS = """
    [ ack ag apk apropos apt apt-cache apt-get ar arp aws base32 base64 basename bat batcat biome black blkid brew
    brotli bun bzip2 cal cat cd chgrp chmod chown cksum clang-format clear cmp code codesign column comm composer cp
    csplit ctags curl cut cypress date dd defaults df diff dig dir dircolors dirname django-admin dmesg dnf docker
    docker-compose dos2unix dpkg dstat du echo egrep esbuild eslint expand expr factor false fgrep file flake8 fmt
    fold free gdate gem getconf getent getfacl gh git git-lfs glab gofmt golangci-lint gpg gpgv grep groups gunzip
    gzip head helm help hexdump hg host hostname hostnamectl htop http https iconv id identify ifconfig info install
    iostat ip isort jest join journalctl jq kill killall kind kubectl kustomize last ln locale locate login logname
    ls lsb_release lsblk lscpu lsof lsusb man md5 md5sum minikube mkdir mkfifo mktemp mocha mount mutmut mv mypy
    mysql mysqldump nano netstat next nl nm node nodejs npm nproc nslookup numfmt objdump od openssl pacman paste
    patch perl pg_dump pg_restore pgrep php pidof ping pip pip3 pkg-config pkill playwright pnpm podman popd port pr
    pre-commit prettier printenv printf prisma protoc ps psql pstree pushd pwd py.test pylint pyright pytest python
    python3 pytype read readelf readlink realpath redis-cli rename reset rev rg rm rmdir route rspec rsync rubocop
    ruby ruff rustc rustfmt sass scp sed seq serverless service set sha1sum sha256sum sha512sum shasum shellcheck
    shfmt shuf sleep snap sort source split sqlfluff sqlite3 ss stat strings stty sum svn swc sync sysctl systemctl
    tac tail tailwindcss tar tcpdump tee telnet test tig tldr top touch tput tr traceroute tree true truncate tsc
    tsort tty twine type ulimit umask unalias uname unexpand uniq units unlink unxz unzip uptime users vault vercel
    vite vitest vmstat wc webpack wget whatis whereis which who whoami xxd yamllint yarn yes yq yum zcat zip zipinfo
    zstd
"""
KNOWN = frozenset(_PROGRAMS.split())
SYSTEM_FOLDERS = frozenset(
    ("/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/opt/homebrew/bin", "/usr/local/sbin")
)
TOLD = frozenset({"cat", "echo"})
"""Programs whose output is taken as known where their arguments or input are."""
SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash", "lksh", "yash", "fish", "csh", "tcsh")

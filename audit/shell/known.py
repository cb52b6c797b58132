"""Programs that take no command among their arguments: words after them are data, not something that runs."""

_PROGRAMS = """
    [ ack ag ansible ansible-playbook apk apropos apt apt-cache apt-get ar arp asdf at aws az base32 base64 basename
    bat batcat bc biome black blkid brew brotli bun bundle bzip2 c++ cal cargo cat cc cd chgrp chmod chown cksum
    clang clang-format clear cmake cmp code codesign column comm composer conda cp cpio csplit ctags curl cut
    cypress date dc dd defaults deno df diff dig dir dircolors dirname django-admin dmesg dnf docker docker-compose
    dos2unix dotnet dpkg dstat du echo egrep eslint esbuild expand expr factor false fgrep file flake8 fmt fold free
    g++ gcc gcloud gdate gem getconf getent getfacl gh git git-lfs glab go gofmt golangci-lint gpg gpgv gradle
    gradlew grep groups gunzip gzip head helm help hexdump hg host hostname hostnamectl htop http https iconv id
    identify ifconfig info install iostat ip isort java javac jest join journalctl jq just kill killall kind kubectl
    kustomize last ld less ln locale locate logger login logname ls lsb_release lsblk lscpu lsof lsusb make man md5
    md5sum minikube mkdir mkfifo mktemp mocha mount mutmut mv mvn mypy mysql mysqldump nano nc netstat next nl nm
    node nodejs npm nproc nslookup numfmt nvm objdump od open openssl pacman paste patch pdm perl pg_dump pg_restore
    pgrep php pidof ping pip pip3 pipenv pkg pkg-config pkill playwright pnpm podman poetry popd port pr pre-commit
    prettier printenv printf prisma protoc ps psql pstree pushd pwd py.test pyenv pylint pyright pytest python
    python3 pytype rails rake read readelf readlink realpath redis-cli rename reset rev rg rm rmdir route rspec
    rsync rubocop ruby ruff rustc rustfmt rustup sass scp screen sed seq serverless service set sha1sum sha256sum
    sha512sum shasum shellcheck shfmt shuf sleep snap sort source split sqlfluff sqlite3 ss stat strings strip stty
    sum svn swift swc sync sysctl systemctl tac tail tailwindcss tar tcpdump tee telnet terraform test tig tldr tofu
    top touch tox tput tr traceroute tree true truncate tsc tsort tty turbo twine type ulimit umask uname unalias
    uname unexpand uniq units unlink unxz unzip uptime users uv vagrant vault vercel vite vitest vmstat wc webpack
    wget whatis whereis which who whoami xcodebuild xdg-open xxd yamllint yarn yes yq yum zcat zip zipinfo zstd
"""
KNOWN = frozenset(_PROGRAMS.split())
SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash", "lksh", "yash", "fish", "csh", "tcsh")

"""Environment variables that decide which program runs or what a program runs besides itself."""

_RISKY_NAMES = """
    PATH SHELLOPTS BASHOPTS PS4 CDPATH SHELL HOME XDG_CONFIG_HOME ZDOTDIR INPUTRC EDITOR
    VISUAL PAGER MANPAGER LESSOPEN LESSCLOSE BROWSER SSH_ASKPASS SUDO_ASKPASS PYTHONHOME PYTHONPATH
    PYTHONUSERBASE PYTHONBREAKPOINT PYTHONINSPECT PYTHONEXECUTABLE PERL5LIB PERL5OPT PERLLIB PERL5DB RUBYOPT RUBYLIB
    NODE_OPTIONS NODE_PATH JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH MAVEN_OPTS GRADLE_OPTS
    MAKEFLAGS MFLAGS GNUMAKEFLAGS TAR_OPTIONS RSYNC_RSH CVS_RSH GREP_OPTIONS WGETRC CURL_HOME OPENSSL_CONF
    KUBECONFIG DOCKER_CONFIG DOCKER_HOST PSQLRC PGSYSCONFDIR MYSQL_HOME GLIBC_TUNABLES GCONV_PATH LOCPATH NLSPATH
    TERMINFO RUSTC RUSTC_WRAPPER CC CXX LD AR GOFLAGS HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy
    all_proxy NPM_CONFIG_SCRIPT_SHELL npm_config_script_shell PIP_INDEX_URL PIP_EXTRA_INDEX_URL UV_INDEX_URL
    npm_config_registry GEM_HOME BUNDLE_GEMFILE LESS MORE MANOPT MAKEFILES MAKEOVERRIDES FZF_DEFAULT_COMMAND
    FZF_DEFAULT_OPTS RIPGREP_CONFIG_PATH PGSERVICEFILE OPENSSL_ENGINES OPENSSL_MODULES CARGO_HOME COMPOSE_FILE
"""
_LOADED = {"BASH_ENV", "ENV", "PYTHONSTARTUP", "PROMPT_COMMAND", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF"}
_RISKY = _LOADED.union(_RISKY_NAMES.split())
_LOADED_BEGINNINGS = ("LD_", "DYLD_", "BASH_FUNC_", "GIT_CONFIG")
_RISKY_BEGINNINGS = (*_LOADED_BEGINNINGS, "GIT_", "NPM_CONFIG_", "npm_config_")
_RISKY_ENDINGS = ("PAGER", "EDITOR", "BROWSER", "ASKPASS")
_HARMLESS = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_TERMINAL_PROMPT", "GIT_OPTIONAL_LOCKS", "GIT_MERGE_AUTOEDIT")
_PLAIN_PROGRAMS = {"", "cat", "less", "more", "true", ":", "vi", "vim", "nano"}


def is_loaded(name: str) -> bool:
    """Whether a variable makes programs run or load something besides themselves, which no guarded command needs."""
    return name in _LOADED or name.startswith(_LOADED_BEGINNINGS)


def is_risky(name: str, value: str) -> bool:
    """Whether giving a variable this value can change what a command runs."""
    name = name.partition("[")[0].rstrip("+")
    if name not in _RISKY and not name.startswith(_RISKY_BEGINNINGS) and not name.endswith(_RISKY_ENDINGS):
        return False
    if name.startswith(_HARMLESS):
        return False
    if name in ("PYTHONPATH", "NODE_PATH"):  # folders of the project itself are searched anyway
        return value.startswith("/") or ".." in value or "\0" in value
    return not (name.endswith(("EDITOR", "PAGER")) and value in _PLAIN_PROGRAMS)

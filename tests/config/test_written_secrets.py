"""Secrets as code, configuration files, SQL, command lines and people of several languages write them down."""

import time

import pytest

from config.secrets import blank, is_secret_name, names

# The secret is SEKRET1, to be gone.
WRITTEN = [
    # command lines
    "rabbitmqctl add_user bob SEKRET1",
    "rabbitmqctl change_password bob 'SEKRET1'",
    "rabbitmqadmin -u bob -p SEKRET1 list queues",
    "htpasswd -bc users bob SEKRET1",
    "htpasswd -b -c users bob SEKRET1",
    "usermod -p 'SEKRET1' bob",
    "poetry publish -u bob -p SEKRET1",
    "poetry config http-basic.repo bob SEKRET1",
    "etcdctl --user root:SEKRET1 get x",
    "expdp system/SEKRET1 schemas=x",
    "rman target sys/SEKRET1@db",
    "snmpwalk -v3 -u a -A SEKRET1 -X SEKRET1 h",
    "ipmitool -H h -U a -P SEKRET1 power status",
    "wpa_passphrase home SEKRET1",
    "mc alias set m https://h AKID SEKRET1",
    "xfreerdp /u:bob /p:SEKRET1 /v:h",
    "vault token create -id=SEKRET1",
    "keytool -importkeystore -srcstorepass SEKRET1 -deststorepass SEKRET1",
    "chpasswd <<< 'bob:SEKRET1'",
    "sudo -S ls <<< 'SEKRET1'",
    "gh auth login --with-token <<< SEKRET1",
    "gpg --passphrase-fd 0 <<< 'SEKRET1'",
    "echo 'SEKRET1' | gpg --passphrase-fd 0 -d x",
    "echo 'SEKRET1' | su - root",
    'echo "SEKRET1" | wrangler secret put KEY',
    # configuration files
    "requirepass SEKRET1",
    "masterauth SEKRET1",
    "rootpw --plaintext SEKRET1",
    "d-i passwd/root-password password SEKRET1",
    "db:5432:shop:app:SEKRET1",
    'psk="SEKRET1"',
    "pw=SEKRET1",
    "db_pw: SEKRET1",
    "password+=SEKRET1",
    "password[0]=SEKRET1",
    "user%5Bpassword%5D=SEKRET1",
    "- name: API_TOKEN\n  value: SEKRET1",
    '{"key": "password", "value": "SEKRET1"}',
    '<add key="ApiSecret" value="SEKRET1" />',
    '<property name="password" value="SEKRET1"/>',
    '<property name="hibernate.connection.password">SEKRET1</property>',
    '<entry key="db.password">SEKRET1</entry>',
    '<password type="string">SEKRET1</password>',
    "<password><![CDATA[SEKRET1]]></password>",
    "<Password>\n  SEKRET1\n</Password>",
    '<wsse:Password Type="x#PasswordText">SEKRET1</wsse:Password>',
    # code
    "define('DB_PASSWORD', 'SEKRET1');",
    'os.Setenv("DB_PASSWORD", "SEKRET1")',
    'System.setProperty("db.password", "SEKRET1");',
    '[("password", "SEKRET1")]',
    'user.set_password("SEKRET1")',
    "Config(api_key=SecretStr('SEKRET1'))",
    "requests.get(u, auth=('bob', 'SEKRET1'))",
    "requests.get(u, auth=HTTPBasicAuth('bob', 'SEKRET1'))",
    'req.SetBasicAuth("bob", "SEKRET1")',
    'client.login("bob", "SEKRET1")',
    'DriverManager.getConnection("jdbc:mysql://h/d", "root", "SEKRET1")',
    'panic: dsn "a:SEKRET1@tcp(h:3306)/d"',
    'var password string = "SEKRET1"',
    'let password: &str = "SEKRET1";',
    'val password: String = "SEKRET1"',
    'let apiKey: string = "SEKRET1"',
    'ConvertTo-SecureString "SEKRET1" -AsPlainText -Force',
    "-Password (ConvertTo-SecureString 'SEKRET1' -AsPlainText)",
    # SQL
    "CREATE USER a IDENTIFIED WITH mysql_native_password BY 'SEKRET1';",
    "SET PASSWORD FOR 'a'@'%' = PASSWORD('SEKRET1');",
    "SET PASSWORD FOR 'a'@'%' = 'SEKRET1';",
    "INSERT INTO users (name, password) VALUES ('bob', 'SEKRET1'), (lower('B'), 'it''s SEKRET1');",
    # people
    "Passwort: SEKRET1",
    "Kennwort=SEKRET1",
    "Das Passwort ist SEKRET1",
    "contrase\u00f1a: SEKRET1",
    "la contrase\u00f1a es SEKRET1",
    "mot de passe : SEKRET1",
    "MotDePasse=SEKRET1",
    "le mot de passe est SEKRET1",
    "senha: SEKRET1",
    "clave=SEKRET1",
    "wachtwoord: SEKRET1",
    "has\u0142o: SEKRET1",
    "\u043f\u0430\u0440\u043e\u043b\u044c: SEKRET1",
    "\u5bc6\u7801: SEKRET1",
    "\u5bc6\u7801\uff1aSEKRET1",
    "\u30d1\u30b9\u30ef\u30fc\u30c9: SEKRET1",
    "\ube44\ubc00\ubc88\ud638: SEKRET1",
    "the password for db is SEKRET1",
    "root password is set to SEKRET1",
    "a temporary password is generated for root@localhost: SEKRET1",
    "Your API key is SEKRET1",
]
HARMLESS = [
    "CREATE TABLE users (id bigint PRIMARY KEY, password varchar(128) NOT NULL, token text)",
    "INSERT INTO users (name, email) VALUES ('bob', 'b@x.example');",
    "SELECT password FROM users WHERE id = 3",
    "Access denied for user 'root'@'localhost' (using password: YES)",
    "POST /oauth/token HTTP/1.1",
    "password = getpass.getpass()",
    'password = request.POST["password"]',
    'token = os.environ["API_TOKEN"]',
    "api_key = settings.API_KEY",
    "const token = await getToken();",
    "password: z.string().min(8)",
    'const [password, setPassword] = useState("");',
    "$password = $_POST['password'];",
    "let token: string;",
    'password string `json:"password"`',
    "def set_password(self, password: str) -> None:",
    'fields = ["username", "password", "email"]',
    'values_list("password", "email")',
    'get_secret("db/prod1")',
    'path("login/", views.login1)',
    'connect("db1", "shop2")',
    'add("password", "Password")',
    "auth.login(request, user)",
    'Secret "db-creds-1" is invalid',
    "error: secret 'x1' not found",
    '{"name": "password", "type": "string", "description": "x"}',
    '{"key": "name", "value": "bob"}',
    "- name: DB_HOST\n  value: db.internal",
    '<input type="password" name="password">',
    '<add key="Timeout" value="30" />',
    "<title>Password reset</title>",
    "Passwort ist falsch",
    "contrase\u00f1a incorrecta",
    "mot de passe oubli\u00e9",
    "poetry config virtualenvs.in-project true",
    "rabbitmqctl list_users",
    "mc alias list",
    "tests/x.py:12:5:error:msg",
    "host:80:a:b:c",
    "su - postgres",
    "ssh -p 2222 bob@host; ls /p:x",
]
NAMES = ["db_pw", "psk", "contrase\u00f1a", "Passwort", "motDePasse", "\u5bc6\u7801", "srcstorepass", "requirepass"]
OTHERS = ["passphrase_fd", "desenhar", "enclave", "hash", "passed", "passenger", "\u5bc6\u5ea6"]
HOSTILE = [
    'login("a","', "f(", '("password","', "set(", "insert into a(password)values(", "values('a',", "insert into ",
    '<a name="password">', "<password ", '<a name="', "name=password ", "name=password value=", "name:", "a:b@tcp(",
    "a:1:b:c:", "a:1:", "password for x ", "chpasswd <<< ", "chpasswd", "password: str =", 'password["a"]',
    "password=self.", "getConnection(a,", "rabbitmqctl add_user ", "requirepass ", "password of of ",
]  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN)
def test_a_secret_is_seen_however_it_is_written_down(text: str) -> None:
    assert "SEKRET1" not in blank(text)
    assert "SEKRET1" not in blank(f"first line\n{text}\nlast line")
    assert blank(blank(text)) == blank(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_speaks_of_secrets_stays_readable(text: str) -> None:
    assert blank(text) == text


@pytest.mark.parametrize(
    ("name", "is_secret"), [*((name, True) for name in NAMES), *((name, False) for name in OTHERS)]
)
def test_names_of_other_languages_and_tools(name: str, is_secret: bool) -> None:
    assert is_secret_name(name) is is_secret


@pytest.mark.parametrize("word", sorted(names._WORDS))
def test_every_word_of_the_list_is_found_by_itself_and_in_a_name(word: str) -> None:
    assert is_secret_name(word)
    assert is_secret_name(f"old_{word}")


_SIZE = 1 << 17


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_look_reads_a_hostile_text_over_and_over(piece: str) -> None:
    """A look that goes back over the text costs minutes at this size."""
    started = time.process_time()
    blank((piece * (_SIZE // len(piece) + 1))[:_SIZE])
    assert time.process_time() - started < 20

"""A command that goes without a shell gets exactly the words that a shell would have given it."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobmon_airflow.distributors.shell import words_of

if TYPE_CHECKING:
    from pathlib import Path

# --- what needs no shell --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("true", ["true"]),
        ("sleep 1", ["sleep", "1"]),
        ("python script.py --a 1 --b=2", ["python", "script.py", "--a", "1", "--b=2"]),
        ("python script.py --a 1 'x y'", ["python", "script.py", "--a", "1", "x y"]),
        ("  python\t script.py  ", ["python", "script.py"]),
        ("\npython script.py\n\n", ["python", "script.py"]),
        ("python a.py \\\n  --b 1 \\\n  --c 2\n", ["python", "a.py", "--b", "1", "--c", "2"]),
        ("python a.py\\\n  --b 1", ["python", "a.py", "--b", "1"]),
        ("/opt/env/bin/python -m package.module", ["/opt/env/bin/python", "-m", "package.module"]),
        ("'/opt/my env/bin/python' a.py", ["/opt/my env/bin/python", "a.py"]),
        ("./run.sh user@host:dir,50%", ["./run.sh", "user@host:dir,50%"]),
        ("Rscript /home/josé/modèle.R 漢字", ["Rscript", "/home/josé/modèle.R", "漢字"]),
        ("run 'naïve \u2013 plan \u3000'", ["run", "naïve \u2013 plan \u3000"]),
        ("""python -c 'print("hello, world")' """, ["python", "-c", 'print("hello, world")']),
        ("python -c 'import os\nprint(os.sep)\n'", ["python", "-c", "import os\nprint(os.sep)\n"]),
        (
            """run --json '{"ages": [1, 2], "of": "$HOME"}'""",
            ["run", "--json", '{"ages": [1, 2], "of": "$HOME"}'],
        ),
        ("""run "it's" 'a "b"'""", ["run", "it's", 'a "b"']),
        ("""run 'it'"'"'s'""", ["run", "it's"]),
        (r"run a\ b \$HOME \\ \' \*", ["run", "a b", "$HOME", "\\", "'", "*"]),
        (r'''run "\$5 \"a\" \\ \a \*"''', ["run", r'$5 "a" \ \a \*']),
        ('run "a\\\nb"', ["run", "ab"]),
        ("run '' \"\"", ["run", "", ""]),
        ("run --a='b c'd", ["run", "--a=b cd"]),
        ("run a=b backup~ issue#1 a^b", ["run", "a=b", "backup~", "issue#1", "a^b"]),
        ("find x ! -name y", ["find", "x", "!", "-name", "y"]),
        ("run if then", ["run", "if", "then"]),
        ("run --a -- - + cd exit", ["run", "--a", "--", "-", "+", "cd", "exit"]),
        ("/bin/echo -n a", ["/bin/echo", "-n", "a"]),
        ("echo hello, 'my  world' -n", ["echo", "hello,", "my  world", "-n"]),
    ],
)
def test_an_ordinary_command_needs_no_shell(command, words):
    assert words_of(command) == words


# --- what needs a shell ---------------------------------------------------------------------------------------

FEATURES = r"""
    a | b         a || b        a && b        a & b         a &           a; b          a ;
    a > b         a >b          a>b           a >> b        a < b         a 2>&1        a <<< b
    (a)           a $(b)        a `b`         a "$(b)"      a "`b`"       a <(b)        f() { a; }
    a $b          a ${b}        a "$b"        a "${b}"      a $1          a $'b'        a $"b"
    a $((1+1))    a "5$"        a $
    a *           a b*c         a b?          a [bc]        a [           a ./*.csv     *             ?a
    a ~           a ~/b         a ~root       ~/a b         a b=~/c       a b=c:~       a --b=~       a ''~
    a # b         #             # a           a #b          a ''#b
    a {b,c}       a {1..3}      a b{c,d}e     {a,b}         { a; }        a }           a {}
    A=1 a         A=1           A= a          A='1 2' a     A+=1 a        'A'=1 a       A[1]=1        PATH=b:c a
    ! a           if a          while a       until a       for a         case a        time a        time -p a
    [ a ]         [[ a ]]       test a        function a    coproc a      select a      then          done
    cd a          exit          exit 3        export A=b    set -e        : a           . a           source a
    eval a        exec a        trap a        ulimit -v 1   umask 0       unset a       wait          read a
    shift         return        break         continue      alias a       type a        command a     local a
    times         hash          getopts a b   jobs          fg            bg            kill 1        printf a
    pwd           'cd' a        c\d a         "if" a        \if a         'exit'        ''            '' a
    echo -n a     echo -e a     echo '-n' a   echo 'a\nb'   echo a\\b      echo -        echo --help   true --help
    %1            '%1'          %             -c            -x a          +x            --            --help
    a 'b          a "b          a 'b' c'      a \           a "b\"        a b\
"""


@pytest.mark.parametrize(
    "command",
    [
        *(it for line in FEATURES.splitlines() for part in line.split("  ") if (it := part.strip())),
        "a\nb",
        "a\n\n b",
        "a 'b'\nc",
        "a\r\n",
        "a \r",
        "a 'b\rc'",
        "a \\\r\n b",
        "a \\\n# b",
        "a \\\n~",
        "a\\\nb",
        "a\0b",
        "a 'b\0'",
        "a 'b\x01' c",
        "a \x7f",
        "a\x0bb",
        "a\x0cb",
        "a\x1cb",
        "a\x85b",
        "a\xa0b",
        "a\u2003b",
        "a\u2028b",
        "a\u3000b",
        "a 'b\udce9'",
        "",
        " ",
        "\t\n",
        "\\\n",
    ],
)
def test_what_only_a_shell_understands_is_left_to_a_shell(command):
    assert words_of(command) is None


# On Debian sh is dash; elsewhere it is bash, called by another name.
SHELLS = {"sh": ["/bin/sh"], "bash": ["bash"], "bash --posix": ["bash", "--posix"]}


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f"no {program} here")


@needs("bash")
def test_bash_has_no_word_of_its_own_that_is_overlooked():
    own = subprocess.run(
        ["bash", "-c", "compgen -bk"], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "declare" in own
    assert {word for word in own if words_of(word)} == {"true", "false", "echo"}


@needs("bash")
def test_a_function_that_bash_would_import_is_left_to_a_shell(monkeypatch):
    monkeypatch.setenv("BASH_FUNC_module%%", "() { echo loaded $2; }")

    assert subprocess.check_output(["bash", "-c", "module load r"], text=True) == "loaded r\n"
    assert words_of("module load r") is None
    assert words_of("modules load r") == ["modules", "load", "r"]


# --- what shells really do ------------------------------------------------------------------------------------

# A program that shows its name and its words; it stands on the PATH under every first word that is asked for.
SHOW = """#!/bin/sh
printf '%s\\0' "${0##*/}" "$@"
"""
END = "\x1e"
TEMPTING = [
    "a",
    "b",
    "ab",
    "abc",
    "a b",
    "1",
    "-",
    "#",
    "~",
    "$",
    "*",
    "a=b",
    "é",
    "!",
    "^",
    "x.csv",
    ".a",
    "{a,b}",
]


class Witness:
    """A real shell in a directory full of names that would match."""

    def __init__(self, shell: list[str], home: Path) -> None:
        self.programs, self.files, self.shell = home / "programs", home / "files", shell
        self.programs.mkdir()
        self.files.mkdir()
        (self.programs / "show").write_text(SHOW)
        (self.programs / "show").chmod(0o755)
        for name in TEMPTING:
            (self.files / name).touch()

    def words_of(self, commands: list[str]) -> list[list[str]]:
        """What the programs are called and given when the shell runs these commands."""
        asked = " ".join(shlex.quote(word) for word in self.shell)
        script = "\n".join(f"{asked} -c {shlex.quote(it)}; printf '\\036'" for it in commands)
        shown = subprocess.check_output(
            ["/bin/sh"],
            input=script.encode(),
            cwd=self.files,
            env=self.environment,
            stderr=subprocess.DEVNULL,
        )
        return [one.split("\0")[:-1] for one in shown.decode().split(END)[:-1]]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": str(self.programs),
            "HOME": "/home/somebody",
            "LC_ALL": "C.UTF-8",
            "a": "A",
            "b": "B C",
        }

    def agrees_with(self, commands: list[str]) -> int:
        """Compare all that we would run without a shell, and say how many that were."""
        expected = {command: words for command in commands if (words := words_of(command))}
        asked = [self._shown(command, words[0]) for command, words in expected.items()]
        for (command, words), shown in zip(expected.items(), self.words_of(asked), strict=True):
            assert shown in (words, ["show", *words]), command
        return len(expected)

    def _shown(self, command: str, program: str) -> str:
        """The command as it is if its program can be put on the PATH, or else as words for another program."""
        if "/" in program or program in {"..", "true", "false", "echo"}:
            return f"show {command.lstrip()}"
        if not (link := self.programs / program).exists():
            link.symlink_to("show")
        return command


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=needs(shell[0])) for name, shell in SHELLS.items()]
)
def witness(request, tmp_path_factory):
    program, *options = SHELLS[request.param]
    return Witness([shutil.which(program), *options], tmp_path_factory.mktemp("witness"))


# In each frame, every pair of bits. Some need a shell, and what does not must come out right.
FRAMES = ["run {}", "run a{}b c", "{} a", "run '{}'", 'run "{}" b', "run --a={}", "{}run b"]
ESCAPES_AND_QUOTES = r"""\ \\ \a \' \" $a '' "" ''~ {a,b}"""
BITS = [*"|&;<>()$`*?[]~#!{}=:%^@+-,./a1é \t\n'\"", *ESCAPES_AND_QUOTES.split(), "\\\n"]
PAIRS = [frame.format(x + y) for frame in FRAMES for x, y in itertools.product(BITS, repeat=2)]


def test_the_witness_notices_what_a_shell_does(witness):
    assert witness.words_of(["show $b", "show a*", "show ~", "cd a", "show 'a  b'", "A=1 show"]) == [
        ["show", "B", "C"],
        ["show", *sorted(name for name in TEMPTING if name.startswith("a"))],
        ["show", "/home/somebody"],
        [],
        ["show", "a  b"],
        ["show"],
    ]


def test_pairs_of_special_characters_come_out_as_in_a_shell(witness):
    sample = PAIRS[::17]  # which meets each of them many times; all of them take half a minute

    assert witness.agrees_with(sample) > len(sample) / 10


quiet = st.sampled_from(["a", "b1", "x.csv", "--a=", "a=", "/", ":", "é", "%", "!", ",", "-", "+", "^", "@"])
inside = st.text(st.sampled_from("ab1 \t\n\"'$`*?[]~#!{}=\\|&;<>()é\u2013\u0081\u0085\u3000"), max_size=6)
quoted = inside.map(lambda text: f"'{text.replace(chr(39), '')}'") | inside.map(lambda text: f'"{text}"')
escaped = st.sampled_from("ab \"'$`*?[]~#!{}=\\|&;<>()\n").map(lambda it: "\\" + it)
noise = st.sampled_from([*"~#[]{}!=*?$", "{a,", "{1..", ",b}", "2}"])
blank = st.sampled_from([" ", "  ", "\t", " \\\n", "\\\n ", " \\\n\\\n "])
bit = quiet | quoted | escaped | blank | noise
commands = st.lists(bit, max_size=10).map("".join)


@given(st.lists(commands | commands.map("run ".__add__), min_size=30, max_size=60))
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
def test_any_command_without_a_shell_gets_the_words_a_shell_would_give_it(witness, written):
    witness.agrees_with(written)


@given(st.lists(st.text("ab'\" -~#", max_size=6).map("echo ".__add__), min_size=30, max_size=60))
@settings(max_examples=3)
def test_the_echo_of_a_shell_and_its_program_say_the_same(written):
    for command in filter(words_of, written):
        said = {subprocess.check_output(asked) for asked in (words_of(command), ["/bin/sh", "-c", command])}
        assert len(said) == 1, command


@given(commands | st.text())
def test_words_can_always_be_handed_to_a_program(command):
    for word in words_of(command) or ():
        assert b"\0" not in os.fsencode(word)


@given(st.lists(st.text(min_size=1).filter(lambda it: it.isprintable()), min_size=1))
def test_what_was_quoted_for_a_shell_is_unquoted_again(words):
    assert words_of(shlex.join(["run", *words])) == ["run", *words]

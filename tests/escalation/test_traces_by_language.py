"""The same error is one bug and another place is another bug, whatever language printed the trace."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.grouping.groups import compute_fingerprint
from escalation.grouping.traces.reading import parse_stack_trace

DOTNET = r"""System.InvalidOperationException: no cart
   at System.Linq.Enumerable.Single[TSource](IEnumerable`1 source)
   at Shop.Cart.<TotalAsync>d__7.MoveNext() in C:\build\src\Shop\Cart.cs:line 12
   at Microsoft.AspNetCore.Mvc.Infrastructure.Executor.Execute(Object controller)
"""
JAVA = """java.lang.IllegalStateException: no cart
\tat java.base/java.util.Optional.get(Optional.java:143)
\tat com.acme.Cart.lambda$total$3(Cart.java:12)
\tat com.acme.Shop$$Lambda$14/0x0000000800066840.accept(Unknown Source)
\tat org.springframework.web.Servlet.service(Servlet.java:9)
"""
KOTLIN = """kotlin.KotlinNullPointerException
\tat com.acme.CartKt.total(Cart.kt:12)
\tat com.acme.MainKt.main(Main.kt)
"""
GO = """panic: runtime error: index out of range [3] with length 2

goroutine 7 [running]:
main.(*Cart).Total(0xc000012120, 0x3)
\t/home/ann/shop/cart.go:12 +0x1d
main.main()
\t/home/ann/shop/main.go:5 +0x20

goroutine 9 [select]:
main.waiter(0xc0000)
\t/home/ann/shop/wait.go:50 +0x99
"""
RUST = """thread 'main' panicked at src/cart.rs:12:9:
called `Option::unwrap()` on a `None` value
stack backtrace:
   0: rust_begin_unwind
             at /rustc/90b35a6/library/std/src/panicking.rs:645:5
   1: core::option::unwrap_failed
             at /rustc/90b35a6/library/core/src/option.rs:1984:5
   2: shop::cart::total::h0123456789abcdef
             at ./src/cart.rs:12:9
   3: shop::main
             at ./src/main.rs:4:5
"""
RUBY = """app/models/cart.rb:12:in `total': undefined method `price' for nil (NoMethodError)
\tfrom app/controllers/shop_controller.rb:5:in `show'
\tfrom /usr/lib/ruby/gems/3.2.0/gems/rack-3.0.8/lib/rack.rb:9:in `call'
"""
PHP = """PHP Fatal error:  Uncaught RuntimeException: no cart in /app/src/Cart.php:12
Stack trace:
#0 /app/src/Shop.php(33): Acme\\Cart->total(Object(Acme\\Order))
#1 [internal function]: Acme\\Shop->show()
#2 /app/vendor/slim/slim/App.php(20): call_user_func()
#3 {main}
  thrown in /app/src/Cart.php on line 12
"""
SWIFT = """Fatal error: Index out of range
0 [ra] 0x000000010b0a1c24 Cart.total() + 148 in shop at /app/Sources/Shop/Cart.swift:12:9
1 [ra] 0x000000010b0a1d00 main + 40 in shop at /app/Sources/Shop/main.swift:3:1
"""
NODE = """TypeError: x is undefined
    at Cart.total (/app/dist/assets/index-DbQ2xY9p.js:1:23)
    at async show (/app/dist/assets/vendor-3f2a9c1b.js:1:99)
"""
PYTHON = """Traceback (most recent call last):
  File "/app/shop/cart.py", line 12, in total
    return price
NameError: price
"""
TRACES = {
    "dotnet": (DOTNET, "Shop.Cart.", "Shop.Order.", (":line 12", ":line 90")),
    "java": (JAVA, "com.acme.Cart.", "com.acme.Order.", ("$total$3", "$total$8")),
    "java lambda": (JAVA, "com.acme.Shop$$", "com.acme.Blog$$", ("$14/0x0000000800066840", "$99/0x0000000801234567")),
    "kotlin": (KOTLIN, "CartKt.total", "CartKt.weight", ("Cart.kt:12", "Cart.kt:14")),
    "go": (GO, "main.(*Cart).Total", "main.(*Cart).Weight", ("0xc000012120", "0xc000099999")),
    "go, elsewhere": (GO, "main.(*Cart).Total", "main.(*Order).Total", ("wait.go:50", "wait.go:51")),
    "rust": (RUST, "shop::cart::total", "shop::cart::weight", ("h0123456789abcdef", "hfedcba9876543210")),
    "ruby": (RUBY, "in `total'", "in `weight'", ("cart.rb:12", "cart.rb:15")),
    "php": (PHP, "Cart->total", "Cart->weight", ("Shop.php(33)", "Shop.php(34)")),
    "swift": (SWIFT, "Cart.total()", "Cart.weight()", ("0x000000010b0a1c24", "0x000000010c0a1c24")),
    "node": (NODE, "Cart.total", "Cart.weight", ("DbQ2xY9p", "Ck_7-aQz")),
    "webpack": (NODE, "async show", "async hide", ("3f2a9c1b", "99aa77ff")),
    "python": (PYTHON, "in total", "in weight", ("line 12", "line 13")),
    "colours": (PYTHON, "in total", "in weight", ('"/app/shop/cart.py"', '\x1b[35m"/app/shop/cart.py"\x1b[0m')),
}


def key(trace: str) -> str:
    return compute_fingerprint(error_type="E", error_message="m", stack_trace=trace).key


@pytest.mark.parametrize("name", TRACES)
def test_what_a_build_or_a_run_varies_keeps_the_group_and_another_place_is_another(name: str):
    trace, here, there, (before, after) = TRACES[name]
    assert here in trace
    assert before in trace
    assert key(trace.replace(before, after)) == key(trace)
    assert key(trace.replace(here, there)) != key(trace)


@pytest.mark.parametrize("name", TRACES)
def test_own_frames_are_read_with_their_lines_the_innermost_last(name: str):
    [trace] = parse_stack_trace(TRACES[name][0])
    own = [frame for frame in trace.frames if frame.in_app]
    assert own
    assert all(frame.function for frame in own)
    assert any(frame.line for frame in own) or name == "php"


def test_the_goroutine_that_failed_counts_and_those_that_stood_by_do_not():
    assert key(GO.replace("main.waiter", "main.other")) == key(GO)


def test_libraries_of_each_language_do_not_count():
    assert key(DOTNET.replace("Execute(Object", "Other(Object")) == key(DOTNET)
    assert key(JAVA.replace("Servlet.service", "Servlet.other")) == key(JAVA)
    assert key(RUST.replace("unwrap_failed", "expect_failed")) == key(RUST)
    assert key(RUBY.replace("`call'", "`other'")) == key(RUBY)
    assert key(PHP.replace("call_user_func", "array_map")) == key(PHP)


def test_a_trace_whose_own_frames_are_not_understood_is_not_grouped_by_what_is_left():
    odd = "E: m\n   at System.Linq.Single(T source)\n   at Shop.Cart Total <- 12\n"
    assert parse_stack_trace(odd) == []
    assert compute_fingerprint(error_type="E", error_message="gone", stack_trace=odd).parts == ("type E", "value gone")


@pytest.mark.parametrize("text", ["", "no trace", "a\nb: c\n", "\x00", "at", "File", "#0", "goroutine 1 [running]:"])
def test_what_is_no_trace_gives_no_frames(text: str):
    assert parse_stack_trace(text) == []


@pytest.mark.parametrize(
    "line", ["at " * 20_000, "#0 " + "(" * 50_000, "a" * 100_000 + "@", "0: " + "<" * 50_000, "x(" * 40_000]
)
def test_a_hostile_line_is_read_in_bounded_steps(line: str):
    """Lines are cut before they are matched, so that no form goes back and forth over one."""
    assert len(parse_stack_trace("\n".join([line] * 30))) <= 1


LINES = sorted({line for trace, *_ in TRACES.values() for line in trace.splitlines()})
ANY_LINE = st.sampled_from(LINES) | st.text(max_size=60)


@given(st.lists(ANY_LINE, max_size=30), st.randoms(use_true_random=False))
def test_whatever_lines_are_mixed_no_frame_is_made_up(lines: list[str], chance: random.Random):
    mixed = [line[chance.randrange(len(line) + 1) :] if chance.random() < 0.2 else line for line in lines]
    frames = [frame for trace in parse_stack_trace("\n".join(mixed)) for frame in trace.frames]
    assert len(frames) <= len("\n".join(mixed).splitlines())
    assert all(frame.function or frame.file for frame in frames)
    assert all(0 <= frame.line < 10**9 for frame in frames)


@given(st.sampled_from(sorted(TRACES)), st.integers(30, 37))
def test_colours_keep_the_group(name: str, colour: int):
    coloured = "\n".join(f"\x1b[{colour}m{line}\x1b[0m" for line in TRACES[name][0].splitlines())
    assert key(coloured) == key(TRACES[name][0])

"""What the built-in model says, in the language of the person; every sentence it can utter stands here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actionry.models.rehearsal.choosing import Function, Profile
from actionry.models.rehearsal.slots import Slot

WHAT_IT_IS = "Built-in rehearsal model: it matches requests to operations and does not converse."
WHAT_IT_IS_CHINESE = "内置排练模型：它把请求对应到接口操作，不会聊天。"
MAX_LISTED = 12


def about(chinese: bool) -> str:
    return WHAT_IT_IS_CHINESE if chinese else WHAT_IT_IS


def _brief(function: Function) -> str:
    description = " ".join((function.description or "").split())
    sentence = description.split(". ")[0].rstrip(".")
    return sentence if len(sentence) <= 90 else sentence[:89] + "…"


def listing(functions: Sequence[Function], chinese: bool) -> str:
    lines = [f"- `{f.name}`" + (f": {_brief(f)}" if _brief(f) else "") for f in functions[:MAX_LISTED]]
    if len(functions) > MAX_LISTED:
        more = len(functions) - MAX_LISTED
        lines.append(f"- ……还有 {more} 个" if chinese else f"- … and {more} more")
    return "\n".join(lines)


def nothing_fits(functions: Sequence[Function], chinese: bool) -> str:
    if not functions:
        head = "这里没有可调用的操作。" if chinese else "There is no operation to call here."
        return f"{about(chinese)} {head}"
    head = "没有操作符合这句话。可以使用：" if chinese else "None of the operations fits that sentence. There are:"
    return f"{about(chinese)} {head}\n\n{listing(functions, chinese)}"


def no_descriptions(functions: Sequence[Function], chinese: bool) -> str:
    head = (
        "这个 API 没有描述它的操作，所以无法按句意选择。请直接写出操作名："
        if chinese
        else "This API does not describe its operations, so they cannot be told apart by meaning. Name one:"
    )
    return f"{about(chinese)} {head}\n\n{listing(functions, chinese)}"


def greeting(functions: Sequence[Function], chinese: bool) -> str:
    head = "你可以让我调用：" if chinese else "You can ask for:"
    return f"{about(chinese)} {head}\n\n{listing(functions, chinese)}"


def which_operation(first: Profile, second: Profile, chinese: bool) -> str:
    one, other = first.function, second.function
    if chinese:
        return f"你指的是 `{one.name}`（{_brief(one)}）还是 `{other.name}`（{_brief(other)}）？"
    return f"Do you mean `{one.name}` ({_brief(one)}) or `{other.name}` ({_brief(other)})?"


def ask_for(slot: Slot, function: Function, chinese: bool) -> str:
    described = " ".join(slot.description.split())[:160].rstrip(".。")
    hint = options_of(slot)
    if chinese:
        text = f"`{function.name}` 需要 `{slot.name}`" + (f"（{described}）" if described else "")
        return text + (f"，可选：{hint}" if hint else "") + "。请问是什么？"
    text = f"`{function.name}` needs `{slot.name}`" + (f" ({described})" if described else "")
    return text + (f", one of {hint}" if hint else "") + ". What is it?"


def options_of(slot: Slot) -> str:
    return ", ".join(str(value) for value in slot.enum[:12]) + (", …" if len(slot.enum) > 12 else "")


def breaks_rule(slot: Slot, value: Any, rule: str, chinese: bool) -> str:
    if chinese:
        return f"“{value}” 不能用作 `{slot.name}`：{rule}。请再给一个值。"
    return f'"{value}" cannot be `{slot.name}`: {rule}. Please give another value.'


def which_item(labels: Sequence[str], slot: Slot, chinese: bool) -> str:
    head = f"哪一个（`{slot.name}`）？" if chinese else f"Which one (`{slot.name}`)?"
    lines = "\n".join(f"{number}. {label}" for number, label in enumerate(labels[:MAX_LISTED], 1))
    more = len(labels) - MAX_LISTED
    return f"{head}\n\n{lines}" + (f"\n… +{more}" if more > 0 else "")


def not_in_result(slot: Slot, source: str, chinese: bool) -> str:
    if chinese:
        return f"`{source}` 的结果里没有 `{slot.name}`。请直接告诉我它的值。"
    return f"The result of `{source}` holds no `{slot.name}`. Please give it."


def too_long(limit: int, chinese: bool) -> str:
    return f"（只读了前 {limit} 个字符。）" if chinese else f"(Only the first {limit:,} characters were read.)"


def failed(name: str, status: int | None, detail: str, chinese: bool) -> str:
    code = f" {status}" if status is not None else ""
    if chinese:
        return f"`{name}` 失败了{code}：{detail}"
    return f"`{name}` failed{code}: {detail}"


def done(name: str, chinese: bool) -> str:
    return f"`{name}` 的结果：" if chinese else f"Result of `{name}`:"


def dropped(chinese: bool) -> str:
    return "好的，已放弃。" if chinese else "Dropped. Nothing was called."


def not_allowed(name: str, chinese: bool) -> str:
    return f"`{name}` 没有执行：你没有允许。" if chinese else f"`{name}` was not called: you did not allow it."

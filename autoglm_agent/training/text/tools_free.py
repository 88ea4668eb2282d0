"""Functions of any kind: sums, conversions, look-ups, and functions whose names and arguments are made up.

The made-up ones carry no meaning at all, so that only reading the schema and copying the values helps.
"""

from __future__ import annotations

import random
from typing import Any, Final, NamedTuple

from autoglm_agent.training.sample import Split
from autoglm_agent.training.text import numerals, strings
from autoglm_agent.training.text.phrases import belongs, phrases
from autoglm_agent.training.text.slots import Choice, Language, Number, Style, Text, options
from autoglm_agent.training.text.strings import pick
from autoglm_agent.training.text.tools_base import Intent, Tool, function_schema, intent, param

_A: Final = Number(0, 999, 1, "", salt="a", bounds=False)
_B: Final = Number(1, 999, 1, "", salt="b", bounds=False)
_PAIR: Final = (
    param("a", "a|x|first|left|num1|m", "第一个数|左边的数", "first number|left operand", _A),
    param("b", "b|y|second|right|num2|n", "第二个数|右边的数", "second number|right operand", _B),
)
_UNIT: Final = Choice(options("米 m;厘米 cm;公里 km;英里 mile;英尺 foot;英寸 inch;毫米 mm;码 yard"), open=True)
_MONEY: Final = Choice(options("人民币 CNY;美元 USD;欧元 EUR;日元 JPY;英镑 GBP;港币 HKD;韩元 KRW"))

FREE: Final[tuple[Intent, ...]] = (
    intent(
        "add", "add|add numbers|sum|plus|adder", "两数相加|求和", "Add two numbers|Sum of two numbers", "做加法",
        """
        ={a}加{b}(等于多少|是多少|得多少|等于几)
        (算一下|算算|计算){a}加{b}
        ={a}加上{b}(等于|得|是)多少
        =求{a}和{b}的和
        """,
        "结果是{v}", *_PAIR, fields=(("result|sum|value|output", "", "number"),), group="sum",
        english="""
        how much is {a} + {b}
        add {a} and {b}
        what is {a} plus {b}
        compute the sum of {a} and {b}
        """,
    ),
    intent(
        "multiply", "multiply|times|product|mul", "两数相乘|求积", "Multiply two numbers|Product of two numbers",
        "做乘法",
        """
        ={a}乘以{b}(等于多少|是多少|等于几)
        (算一下|算算|计算){a}乘{b}
        ={a}乘{b}(等于|得|是)多少
        =求{a}和{b}的积
        """,
        "结果是{v}", *_PAIR, fields=(("result|product|value|output", "", "number"),), group="product",
        english="""
        what is {a} times {b}
        multiply {a} by {b}
        what is {a} * {b}
        compute the product of {a} and {b}
        """,
    ),
    intent(
        "subtract", "subtract|minus|difference|sub", "两数相减|求差", "Subtract b from a|Difference", "做减法",
        """
        ={a}减{b}(等于多少|是多少|等于几)
        (算一下|算算|计算){a}减{b}
        ={a}减去{b}(等于|得|是)多少
        """,
        "结果是{v}", *_PAIR, fields=(("result|difference|value|output", "", "number"),), group="difference",
        english="""
        what is {a} - {b}
        what is {a} minus {b}
        compute {a} minus {b}
        """,
    ),
    intent(
        "convert", "convert unit|unit convert|convert units|length conversion", "单位换算|长度换算",
        "Convert units|Convert lengths", "换算单位",
        """
        ={n}{from}(等于|是)多少{to}
        把{n}{from}(换成|换算成|转换成){to}
        =(算一下|换算一下){n}{from}是多少{to}
        =多少{to}是{n}{from}
        """,
        "是{v}",
        param(
            "n", "value|amount|number|quantity", "数值", "value|amount",
            Number(1, 500, 1, "", ("",), salt="unit", bounds=False),
        ),
        param("from", "from_unit|source|from|unit_from", "原单位", "from unit|source unit", _UNIT),
        param("to", "to_unit|target|to|unit_to", "目标单位", "to unit|target unit", _UNIT),
        fields=(("result|value|converted", "", "number"),),
    ),
    intent(
        "exchange", "exchange rate|convert currency|currency convert|exchange money", "货币换算|汇率",
        "Convert currency|Exchange money", "换算货币",
        """
        ={n}{from}(等于|是|能换|合)多少{to}
        把{n}{from}换成{to}
        =(查|算)一下{n}{from}换{to}是多少
        =我有{n}{from}，能换多少{to}
        """,
        "是{v}",
        param(
            "n", "amount|value|money|sum", "金额", "amount", Number(1, 900, 1, "", ("",), salt="money", bounds=False),
        ),
        param("from", "from_currency|source|from|base", "原货币", "from currency|source currency", _MONEY),
        param("to", "to_currency|target|to|quote", "目标货币", "to currency|target currency", _MONEY),
        fields=(("result|amount|value|converted", "", "number"),),
    ),
    intent(
        "customer", "create customer|add customer|new client|register company|create account", "新建客户|登记公司",
        "Create a customer|Register a company", "新建客户",
        """
        (新建|创建|添加)[一个]客户，(叫|名字是|名称){name}
        把{name}(加为|登记为)客户
        (创建|新建)客户{name}
        登记[一家]公司{name}
        """,
        "客户{name}已建好", param(
            "name", "name|client_name|company|title|client", "名称|客户名", "name|customer name",
                             Text(strings.company, lambda rng: strings.company(rng) if rng.random() < 0.5 else strings.japanese(rng) if rng.random() < 0.5 else strings.english(rng))),
        english="""
        set up a customer, '{name}'
        register the company {name}
        add a new client called "{name}"
        create an account for {name}
        """,
    ),
    intent(
        "email", "send email|email|mail|compose email", "发邮件", "Send an email", "发邮件",
        """
        给{to}(发邮件|发封邮件|写封邮件)，(主题|标题|题目)(是|){subject}
        (发邮件|发封邮件)给{to}，主题{subject}
        (写|发)[一封]邮件，主题{subject}，发给{to}
        """,
        "邮件已发给{to}", param("to", "to|recipient|receiver|address", "收件人", "recipient|to", Text(strings.contact)),
        param("subject", "subject|title|topic", "主题", "subject|title", Text(strings.message)),
        english="""
        email {to} with the subject {subject}
        send an email to {to}, subject: {subject}
        write {to} an email titled {subject}
        """,
    ),
    intent(
        "order_query", "get order|order status|query order|find order", "查询订单",
        "Get an order by its id|Order status", "查订单",
        """
        =(查|看)[一下]订单{id}
        =订单{id}(到哪了|怎么样了|的状态)
        =帮我看看{id}号订单
        """,
        "订单{v}",
        param(
            "id", "order_id|id|number|order_no", "订单号", "order id|id",
            Number(100, 9999, 1, "", ("",), salt="order_id", bounds=False),
        ),
        fields=(("status|state|stage", "", "parcel"),),
        english="""
        check order {id}
        what is the status of order {id}
        look up order number {id}
        """,
    ),
    intent(
        "user_query", "get user|find user|lookup user|user info", "查用户|按编号查人", "Get a user by id|Find a user",
        "查用户",
        """
        =(查|看)[一下]{id}号用户
        =编号{id}的用户是谁
        =用户{id}叫什么
        """,
        "是{v}",
        param(
            "id", "user_id|id|uid|number", "用户编号|编号", "user id|id",
            Number(1, 999, 1, "", ("",), salt="uid", bounds=False),
        ),
        fields=(("name|user|username|full_name", "", "name"),),
        english="""
        who is user {id}
        find user {id}
        get the user with id {id}
        """,
    ),
)

_VERBS: Final = "get compute run wonder lookup calc make process find apply check fetch do eval solve test mystery secret special".split()
_NOUNS: Final = "value function number code score index token rate item data level key result point grade signal formula box".split()
_ARGS: Final = "x y n a b input value num key text name id query s arg data count flag size code word k item p q".split()
_WANT: Final = {
    "array": ("整数列表", "a list of integers"),
    "integer": ("整数", "an integer"), "number": ("数值", "a number"), "string": ("字符串", "a string"),
    "boolean": ("真假", "a flag"),
}

_ONE = {
    "english": phrases(
        "what value has {f}<{v}>", "call {f} with {v}", "what does {f} return for {v}", "run {f} on {v}",
        "use {f} with {v}",
        "compute {f}<{v}>", "give me {f} of {v}", "please evaluate {f}<{v}>", "I need {f} for {v}",
        "what is {f}<{v}>? Call it.",
        "apply {f} to {v}", "can you run {f}<{v}> for me", "tell me {f}<{v}>", "{f}<{v}>",
        "find {f} of {v} using the tool",
    ),
    "typed": phrases(
        "{f}<{v}>(等于多少|是多少|的值是多少)", "(用|调用){f}(算一下|处理一下|处理){v}",
        "(调用|运行){f}，参数(是|){v}", "{v}的{f}是多少",
        "帮我(调用|运行){f}<{v}>", "对{v}(用|执行|运行){f}", "把{v}(传给|交给|给){f}", "{f}，输入{v}", "求{f}<{v}>",
    ),
}
_MANY = {
    "english": phrases(
        "what value has {f}<{v}>", "call {f} with {kv}", "run {f}<{v}>", "use {f} where {kv}",
        "compute {f}<{v}> please",
        "please call {f} with {kv}", "evaluate {f}<{v}>", "I want {f} with {kv}", "what does {f}<{v}> give",
    ),
    "typed": phrases(
        "{f}<{v}>(等于多少|是多少)", "调用{f}，{kv}", "运行{f}，{kv}", "用{f}，{kv}", "帮我算{f}<{v}>",
        "执行{f}<{v}>", "{f}，参数{kv}",
    ),
}
_NONE = {
    "english": phrases(
        "call {f}", "what value has {f}<>", "run {f}<> please", "use {f}", "what does {f} return",
        "please run {f}",
    ),
    "typed": phrases("调用{f}", "运行一下{f}", "{f}<>是多少", "用一下{f}", "执行{f}", "{f}返回什么"),
}


class MadeUp(NamedTuple):
    """A request for a made-up function."""

    text: str
    tool: Tool
    style: Style


def function_name(rng: random.Random, split: Split) -> str:
    """A name never used in the other split."""
    for _ in range(200):
        draw = rng.random()
        if draw < 0.4:
            name = f"{pick(rng, _VERBS)}_{pick(rng, _NOUNS)}"
        elif draw < 0.75:
            name = strings.syllables(rng, 1, 3)
        else:
            name = f"{strings.syllables(rng, 1, 2)}_{pick(rng, _NOUNS)}"
        if rng.random() < 0.2:
            name += pick(rng, ("_a", "_2", "_bare", "_tool", "_x", "_v3"))
        if belongs(name, split):
            return name
    return strings.syllables(rng, 3, 4)


def _value(rng: random.Random, split: Split, kind: str) -> Any:
    for _ in range(200):
        if kind == "integer":
            value: Any = int(rng.random() * pick_scale(rng)) * (-1 if rng.random() < 0.08 else 1)
        elif kind == "number":
            value = numerals.plain(round(rng.random() * pick_scale(rng), 1 + (rng.random() < 0.3)))
        elif kind == "boolean":
            return rng.random() < 0.5
        elif kind == "array":
            return [int(rng.random() * 100) for _ in range(1 + int(rng.random() * 4))]
        else:
            value = strings.anything(rng)
        if belongs(str(value), split):
            return value
    return value


def pick_scale(rng: random.Random) -> int:
    """A size of number, small ones more often."""
    return (10, 10, 100, 100, 1000, 10000)[int(rng.random() * 6)]


def made_up(rng: random.Random, split: Split, language: Language) -> MadeUp:
    """A function of no meaning and a request to call it."""
    style: Style = "english" if language == "en" else "typed"
    count = (0, 1, 1, 1, 1, 2, 2, 3)[int(rng.random() * 8)]
    names = rng.sample(_ARGS, count) if rng.random() < 0.7 else [strings.syllables(rng, 1, 2) for _ in range(count)]
    name = function_name(rng, split)
    properties: dict[str, Any] = {}
    arguments: dict[str, Any] = {}
    for each in names:
        kind = (
            "integer", "integer", "number", "string", "string", "boolean",
        )[int(rng.random() * (5 if count == 1 else 6))]
        schema = {"type": kind}
        if rng.random() < 0.3:
            schema["description"] = _WANT[kind][language == "en"]
        properties[each] = schema
        arguments[each] = _value(rng, split, kind)
    about = pick(
        rng, ("Apply a function", f"Computes {name}", "A function", "Returns a value", "Do it") if language == "en"
                 else ("一个函数", f"计算{name}", "返回一个值", "执行操作", "特殊函数"))
    tool = Tool(
        _ordered(
            function_schema(rng, name, about if rng.random() < 0.8 else "", properties, list(properties)), properties,
        ),
        arguments,
        {each: each for each in properties},
    )
    return MadeUp(_ask(rng, split, style, tool), tool, style)


def _ordered(schema: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    schema["parameters"]["properties"] = properties  # positional arguments follow this order
    return schema


def _ask(rng: random.Random, split: Split, style: Style, tool: Tool) -> str:
    def shown(value: Any, *, quoted: bool) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return f'"{value}"' if quoted and isinstance(value, str) else str(value)

    forms = (_NONE, _ONE, _MANY)[min(len(tool.arguments), 2)][style]
    phrase = forms.draw(rng, split)
    quoted = "<" in phrase.source or rng.random() < 0.3
    joined = ", ".join(shown(value, quoted=quoted) for value in tool.arguments.values())
    pairs = [
        f"{key}={shown(value, quoted=False)}" if style == "english" else f"{key}{pick(rng, ('是', '=', '为'))}{shown(value, quoted=False)}"
        for key, value in tool.arguments.items()
    ]
    if rng.random() < 0.3:
        rng.shuffle(pairs)
    form = phrase.text(rng, {"f": tool.name, "v": "\0", "kv": (" and " if style == "english" else "，").join(pairs)})
    text = form.replace("<", "(").replace(">", ")").replace("\0", joined)
    if style == "english":
        known = text.startswith(tool.name)
        text = text if known else text[0].upper() + text[1:]
        asks = text.startswith(("What", "Can"))
        end = "?" if asks else "."
        text += pick(rng, ("", "", end, end, end + " Use a tool.")) if text[-1] not in "?." else ""
    return text

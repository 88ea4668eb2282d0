"""Intents of looking up and ordering: weather, search, translation, stocks, recipes, tickets, parcels. Data only."""

from __future__ import annotations

from typing import Final

from autoglm_agent.training.text import strings
from autoglm_agent.training.text.slots import Choice, Clock, Number, PhoneNumber, Text, options
from autoglm_agent.training.text.tools_base import Intent, intent, param
from autoglm_agent.training.text.tools_daily import DAY

_LANGUAGE: Final = Choice(
    options("英语 en 英语,英文;日语 ja 日语,日文;法语 fr 法语,法文;韩语 ko 韩语,韩文;德语 de 德语,德文;俄语 ru 俄语,俄文;西班牙语 es 西班牙语,西班牙文")
)

LOOKUP: Final[tuple[Intent, ...]] = (
    intent(
        "weather",
        "tell weather|query weather|weather|check weather|weather forecast|forecast",
        "查询天气|查某地天气|天气预报",
        "Get the weather of a city|Weather forecast",
        "查天气",
        """
        ={city}[今天]天气(怎么样|如何|好吗|咋样)
        =(查|查询|看)[一下]{city}[的]天气
        ={day}{city}(天气怎么样|会下雨吗|热不热|冷吗|下不下雨)
        ={city}{day}(天气怎么样|下雨吗|冷不冷|会下雪吗|多少度)
        =告诉我{city}{day}的天气
        ={day}去{city}要带伞吗
        =(播报|说说)[一下]{city}{day}的天气
        =(我想知道|想问一下){city}的天气
        """,
        "{city}{v}",
        param("city", "city|location|place|where|region", "城市|地点", "city|location", Text(strings.city, strings.english_city)),
        param("day", "day|date|when", "哪天|日期", "day|date", DAY, required=False),
        english="""
        what is the weather in {city}
        what is the weather like in {city} {day}
        how is the weather in {city} {day}
        weather for {city} please
        will it rain in {city}
        """,
        missing=(
            ("(查|看)[一下]天气", "查哪个城市的？"), ("天气怎么样", "您问哪里的天气？"),
            ("明天会下雨吗", "请问是哪个城市？"),
        ),
        fields=(("weather|condition|text|desc", "", "sky"), ("temp|temperature|degrees|t", "度", "degrees")),
        group="weather",
    ),
    intent(
        "search",
        "web search|search|search web|search online|lookup",
        "上网搜索|网页搜索",
        "Search the web|Look something up online",
        "搜索",
        """
        (搜|搜索|搜一下|查一下|搜搜){q}
        (上网|网上|在网上)(查|搜)[一下]{q}
        =我想(搜|查一下){q}
        帮我百度一下{q}
        (查查|找找){q}
        """,
        "正在搜{q}",
        param("q", "query|q|keyword|text|keywords", "关键词|搜什么", "query|keywords", Text(strings.topic)),
        english="""
        search for {q}
        look up {q}
        search the web for {q}
        """,
        missing=(("(帮我|)(搜|查)点东西", "要搜什么？"),),
    ),
    intent(
        "translate",
        "translate|translate text|translator|do translation",
        "翻译文本|把文字翻译成别的语言",
        "Translate text|Translate into another language",
        "翻译",
        """
        把{text}(翻译成|翻成|译成|翻译为){lang}
        {text}用{lang}怎么说
        (翻译|翻译一下){text}，(成|用|翻成){lang}
        ={lang}的{text}怎么说
        将{text}(翻译成|译为){lang}
        =我想知道{text}{lang}怎么讲
        """,
        "{v}",
        param(
            "text", "text|content|source|sentence|input", "原文|文本", "text|text to translate",
            Text(strings.message, strings.anything),
        ),
        param(
            "lang", "target|lang|target_language|to|language", "目标语言|语言", "target language|language", _LANGUAGE,
        ),
        fields=(("translation|text|output|translated", "", "foreign"),),
    ),
    intent(
        "stock",
        "get stock|stock price|query stock|get stock price|quote",
        "查询股票价格|查股价",
        "Get a stock price|Stock quote",
        "查股价",
        """
        =(查|看)[一下]{name}的(股价|股票|股票价格)
        ={name}(股价|股票)(多少|是多少|怎么样|多少钱)
        ={name}现在多少钱一股
        =告诉我{name}的股价
        =我想知道{name}的股票价格
        """,
        "{name}现在{v}",
        param(
            "name", "symbol|name|company|stock|code|ticker", "股票名称|公司", "stock|company name",
            Text(strings.company),
        ),
        fields=(("price|value|current|quote", "元", "price"),),
        english="""
        what is the stock price of {name}
        get the quote for {name}
        how much is {name} stock
        """,
    ),
    intent(
        "recipe",
        "get recipe|recipe|find recipe|cook guide",
        "查菜谱|菜的做法",
        "Get a recipe|How to cook a dish",
        "查菜谱",
        """
        ={dish}(怎么做|怎么烧|的做法是什么|如何做)
        =(查|找|看)[一下]{dish}的(做法|菜谱)
        =我想(做|学做){dish}，(查|找)[一下]菜谱
        =教我做{dish}
        =给我{dish}的菜谱
        """,
        "找到{dish}的菜谱了",
        param("dish", "dish|name|food|dish_name|recipe", "菜名|什么菜", "dish|name of the dish", Text(strings.dish)),
        english="""
        how do I cook {dish}
        find a recipe for {dish}
        show me the {dish} recipe
        """,
        group="search",
    ),
    intent(
        "order",
        "order food|place order|order|buy food|order takeout",
        "点外卖|下单点餐",
        "Order food|Place a food order",
        "点餐",
        """
        (点|来|订|叫)[{num}]{dish}
        =我(想|要)(吃|点)[{num}]{dish}，(下单|点外卖)
        (下单|点餐|点外卖|叫外卖)，[{num}]{dish}
        外卖点[{num}]{dish}
        给我(点|叫){num}{dish}
        """,
        "已下单{dish}",
        param("dish", "dish|item|food|name|meal", "菜名|点什么", "dish|what to order", Text(strings.dish)),
        param(
            "num", "quantity|count|num|portions", "份数|几份", "quantity|how many",
            Number(1, 12, 1, "份", salt="order"), required=False,
        ),
        group="order",
        missing=(("(点|叫)[个]外卖", "想吃什么？"),),
    ),
    intent(
        "ticket",
        "book ticket|buy ticket|book train|reserve ticket|order ticket",
        "订票|订火车票",
        "Book a ticket|Buy a train ticket",
        "订票",
        """
        订[一张|张]{day}(从|){src}(到|去){dst}的(票|车票|火车票)
        (买|订|预订)[一张|张]{src}到{dst}的(票|机票|火车票)，{day}[的|走]
        =我{day}要从{src}去{dst}，(订|买)张票
        {day}{src}到{dst}的票[订|买]一张
        从{src}(到|去){dst}，{day}的票，(订|买)一张
        """,
        "{src}到{dst}的票已订",
        param("src", "from|origin|departure|start|from_city", "出发地|从哪里", "origin|from", Text(strings.city)),
        param("dst", "to|destination|arrival|end|to_city", "目的地|到哪里", "destination|to", Text(strings.city, strings.english_city)),
        param("day", "date|day|when", "哪天|日期", "date|day", DAY),
    ),
    intent(
        "calendar",
        "add event|create event|calendar add|add schedule|new event",
        "添加日程|新建日历事件",
        "Add a calendar event",
        "加日程",
        """
        (加|添加|新建)[一个|个]日程，{day}{time}{what}
        {day}{time}{what}，(加到|记到|写进)(日程|日历)[里]
        把{day}{time}{what}(加进|写到|放到)(日历|日程)
        日历(加上|记上|添上){day}{time}{what}
        (安排|日程安排)一下，{day}{time}{what}
        """,
        "日程已加",
        param("what", "title|event|name|subject|content", "标题|事项", "title|event", Text(strings.deed)),
        param("day", "date|day|which_day", "日期|哪天", "date|day", DAY),
        param("time", "time|at|start|start_time", "时间|几点", "time|start", Clock()),
        group="note",
    ),
    intent(
        "express",
        "track package|query express|track parcel|express status",
        "查快递|查询物流",
        "Track a parcel|Express status",
        "查快递",
        """
        =(查|看)[一下]快递{num}
        =快递{num}(到哪了|到哪儿了|什么时候到)
        =单号{num}，(查一下快递|快递到哪了)
        =(查询|跟踪)单号{num}的(物流|快递)
        =我的快递号是{num}，到哪了
        """,
        "快递{v}",
        param(
            "num", "number|tracking_number|code|id|no", "快递单号|单号", "tracking number|parcel number",
            PhoneNumber(),
        ),
        fields=(("status|state|where|location", "", "parcel"),),
    ),
    intent(
        "clock_now",
        "get time|current time|time now|get current time|clock",
        "查询当前时间|现在几点",
        "Get the current time",
        "看时间",
        """
        =(现在|)几点[钟]了
        =现在(是|)(几点|什么时间)
        =(告诉我|报一下|看一下)(现在的|)时间
        =几点啦
        =看看(现在|)几点
        """,
        "现在{v}",
        fields=(("time|now|current_time", "", "clock"),),
        english="""
        what time is it [now]
        tell me the time
        current time please
        """,
    ),
)

"""Intents of daily life: alarms, messages, weather, music, look-ups, sums. Data only."""

from __future__ import annotations

from typing import Final

from autoglm_agent.training import strings
from autoglm_agent.training.slots import Choice, Clock, Duration, Number, PhoneNumber, Text, options
from autoglm_agent.training.tools_base import Intent, intent, param

_DAY: Final = Choice(options(
    "今天 today;明天 tomorrow;后天 day_after_tomorrow;周六 saturday;周日 sunday;周一 monday;周三 wednesday;周五 friday",
), open=True)
_LANGUAGE: Final = Choice(
    options("英语 en 英语,英文;日语 ja 日语,日文;法语 fr 法语,法文;韩语 ko 韩语,韩文;德语 de 德语,德文;俄语 ru 俄语,俄文;西班牙语 es 西班牙语,西班牙文")
)

DAILY: Final[tuple[Intent, ...]] = (
    intent(
        "volume",
        "set volume|volume|change volume|set speaker volume|adjust volume|sound level",
        "设置音量|调节音量大小",
        "Set the volume|Change the sound level",
        "调音量",
        """
        [把](音量|声音)(调到|设为|设成|开到|调成|改成|放到){level}
        (音量|声音){level}
        (调|设置|设|调整)[一下]音量(到|为){level}
        将音量(设定为|调节到|设置成){level}
        =声音(太大|太小)了，(调到|改成|换到){level}
        =音量{level}就(行|好|够了)
        (电视|音箱)音量(调到|开到){level}
        """,
        "音量已调到{level}",
        param(
            "level", "volume|level|value|vol|loudness", "音量|音量大小", "volume|level",
            Number(0, 100, 1, "", ("",), salt="volume", bounds=True),
        ),
        english="""
        set the volume to {level}
        volume {level}
        turn the volume to {level} please
        change volume to {level}
        """,
        missing=(("(调|改)[一下]音量", "音量调到多少？"), ("(声音|音量)(换|改)一下", "您要调到多少？")),
        group="volume",
    ),
    intent(
        "volume_shift",
        "volume up down|adjust sound|change sound|volume step|louder quieter",
        "增大或减小音量",
        "Turn the volume up or down",
        "增减音量",
        """
        [把](声音|音量)(调|弄|开){way}(一点|点|一些|点儿)
        (声音|音量)(再|)(调|开){way}(点|一点|一些)
        {way}点声
        =(声音|音量){way}一点[行吗]
        =声音再{way}些
        """,
        "音量已调{way}",
        param(
            "way", "direction|action|way|change", "大或小|方向", "direction|up or down",
            Choice(options("大 up 大;小 down 小")),
        ),
        group="volume",
    ),
    intent(
        "play_song",
        "play music|play song|play|music play|start song|play track",
        "播放歌曲|放一首歌",
        "Play a song|Play music",
        "放歌",
        """
        (播放|放|来一首|放一首|来首|放首|点一首){song}
        =我(想|要)听{song}
        (播放|放|来一首|来首|放一首){artist}的{song}
        =我(想|要)听{artist}(唱的|的){song}
        (听|唱)一首{song}
        (打开|开始放)歌曲{song}
        把歌换成{song}
        =换一首，(放|听){song}
        """,
        "正在播放{song}",
        param("song", "song|title|name|track|song_name|music", "歌名|歌曲", "song|title", Text(strings.song)),
        param(
            "artist", "artist|singer|by|performer|author", "歌手", "artist|singer", Text(strings.full_name),
            required=False,
        ),
        english="""
        play {song}
        play {song} by {artist}
        I want to hear {song}
        put on the song {song}
        """,
        missing=(
            ("(放|来|播放)[一]首歌", "想听哪首？"), ("我(想|要)听歌", "您想听什么歌？"), ("放点音乐", "想听哪首歌？"),
        ),
        group="media",
    ),
    intent(
        "media_control",
        "media control|player control|control playback|playback|music control",
        "控制播放|播放控制",
        "Control playback|Media control",
        "控制播放",
        """
        [音乐|歌曲]{act}
        =(我要|请|帮我|给我|){act}
        =音乐，{act}
        =(先|那就|再){act}[吧]
        播放器{act}
        """,
        "已{act}",
        param("act", "action|command|op|cmd|control", "动作|播放动作", "action|command",
              Choice(options("暂停 pause 暂停,暂停一下,暂停播放;继续 resume 继续播放,继续放,接着放;下一首 next 下一首,换下一首,切到下一首;上一首 previous 上一首,回到上一首,放上一首;停止 stop 停止播放,别放了"))),
        group="media",
    ),
    intent(
        "timer",
        "set timer|start timer|timer|countdown|create timer",
        "设置倒计时|定时器",
        "Start a timer|Set a countdown",
        "定时",
        """
        (定|设|设置|开|开始)[一个|个]{time}[的](倒计时|计时器|定时器|计时)
        倒计时{time}
        {time}后(提醒|叫|喊|通知)我[一下|一声]
        (计时|定时){time}
        =过{time}叫我
        =给我{time}，到了(叫|提醒)我
        (开始|启动)计时，{time}
        """,
        "{time}倒计时开始",
        param("time", "duration|time|length", "时长|倒计时", "duration|length", Duration()),
        english="""
        set a timer for {time}
        start a {time} timer
        count down {time}
        wake me in {time}
        """,
        missing=(("(设|定|开)[一]个(倒计时|定时器|计时器)", "要定多久？"), ("帮我计时", "计多长时间？")),
        group="clock",
    ),
    intent(
        "alarm",
        "set alarm|create alarm|alarm|add alarm|wake up alarm",
        "设闹钟|新建闹钟",
        "Set an alarm|Create an alarm",
        "设闹钟",
        """
        (定|设|设置|订|上)[一个|个]{time}的闹钟
        {time}(叫我起床|叫醒我|喊我起床|叫我)
        (闹钟|闹铃)(定|设|调)(到|在|成){time}
        (定|设)[一个|个]{day}{time}的闹钟
        {day}{time}(叫我起床|叫醒我|喊我起来)
        =我{day}{time}要起床，(设|定)个闹钟
        把闹钟(改到|调到|设为){time}
        =闹钟{time}
        """,
        "闹钟已设到{time}",
        param("time", "time|at|alarm_time|when|clock", "时间|几点", "time|when", Clock()),
        param("day", "day|date|which_day", "哪天|日期", "day|date", _DAY, required=False),
        english="""
        set an alarm for {time}
        wake me up at {time}
        set an alarm {day} at {time}
        """,
        missing=(
            ("(设|定)[一]个闹钟", "定几点的？"), ("明天叫我起床", "几点叫您？"), ("帮我(上|定)个闹钟", "请问几点？"),
        ),
        group="clock",
    ),
    intent(
        "reminder",
        "add reminder|create reminder|remind me|reminder|set reminder",
        "添加提醒|新建提醒事项",
        "Add a reminder|Remind the user of something",
        "设提醒",
        """
        {time}提醒我{what}
        (记得|记着|别忘了)提醒我{what}
        提醒我{time}{what}
        提醒我{what}
        {day}提醒我{what}
        (设|加|建)[一]个提醒，{time}{what}
        =我{time}要{what}，(提醒我|到时提醒我)[一下]
        {day}{time}(提醒我|叫我){what}
        """,
        "好的，会提醒您{what}",
        param("what", "content|text|what|task|title|thing", "提醒内容|事项", "content|what to do", Text(strings.deed)),
        param("time", "time|at|when|remind_time", "时间|几点", "time|when", Clock(), required=False),
        param("day", "day|date|which_day", "哪天|日期", "day|date", _DAY, required=False),
        english="""
        remind me to {what} at {time}
        remind me to {what}
        set a reminder [for {day}]: {what}
        """,
        missing=(("(设|加)[一]个提醒", "提醒您什么事？"), ("到时候提醒我", "提醒您做什么？")),
        group="note",
    ),
    intent(
        "note",
        "add note|create note|take note|save memo|memo",
        "记笔记|写备忘录",
        "Save a note|Write a memo",
        "记备忘",
        """
        (记一下|记下|记录一下|帮忙记下)，{what}
        (写|加|记)[一条|条|个](备忘|笔记|备忘录)，{what}
        备忘录(写上|记上|加上){what}
        把{what}(记到|写进|记在)(备忘录|笔记)[里]
        =笔记，{what}
        """,
        "已记下",
        param("what", "content|text|note|body|memo", "内容|笔记内容", "content|text", Text(strings.message)),
        group="note",
        english="""
        take a note: {what}
        note down {what}
        save a memo saying {what}
        """,
        missing=(("(记|写)[一]个(备忘|笔记)", "要记什么？"),),
    ),
    intent(
        "message",
        "send message|send sms|text contact|message|send text",
        "发消息给联系人|发短信",
        "Send a message to a contact|Send a text",
        "发消息",
        """
        给{who}(发消息|发短信|发个消息|发微信|发条短信|发条消息)(说|，|，说|，告诉他){text}
        (告诉|跟|通知){who}，{text}
        (发消息|发短信|发信息)给{who}，(说|内容是|){text}
        =(发给|转告){who}，{text}
        跟{who}说[一声|一下]，{text}
        给{who}留言，{text}
        """,
        "已发给{who}",
        param(
            "who", "contact|to|recipient|name|receiver|who", "联系人|发给谁", "contact|recipient",
            Text(strings.contact),
        ),
        param("text", "text|content|message|body|msg", "内容|消息内容", "text|message", Text(strings.message)),
        english="""
        send {who} a message saying {text}
        text {who}: {text}
        tell {who} that {text}
        """,
        missing=(("给{who}发(个|条)(消息|短信)", "要说什么？"), ("发(个|条)短信给{who}", "内容是什么？")),
    ),
    intent(
        "weather",
        "get weather|query weather|weather|check weather|weather forecast|forecast",
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
        param("day", "day|date|when", "哪天|日期", "day|date", _DAY, required=False),
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
        param("day", "date|day|when", "哪天|日期", "date|day", _DAY),
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
        param("day", "date|day|which_day", "日期|哪天", "date|day", _DAY),
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

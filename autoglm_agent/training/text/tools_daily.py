"""Intents of daily life: volume, music, timers, alarms, reminders, messages. Data only."""

from __future__ import annotations

from typing import Final

from autoglm_agent.training.text import strings
from autoglm_agent.training.text.slots import Choice, Clock, Duration, Number, Text, options
from autoglm_agent.training.text.tools_base import Intent, intent, param

DAY: Final = Choice(options(
    "今天 today;明天 tomorrow;后天 day_after_tomorrow;周六 saturday;周日 sunday;周一 monday;周三 wednesday;周五 friday",
), open=True)

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
        param("day", "day|date|which_day", "哪天|日期", "day|date", DAY, required=False),
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
        param("day", "day|date|which_day", "哪天|日期", "day|date", DAY, required=False),
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
)

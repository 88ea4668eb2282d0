"""Intents of the home: climate, light, curtains, media, machines. Data only."""

from __future__ import annotations

from typing import Final

from autoglm_agent.training.text.slots import Choice, Number, Percent, Switch, options
from autoglm_agent.training.text.tools_base import Intent, intent, param

ROOM: Final = Choice(
    options(
        "客厅 living_room;卧室 bedroom;主卧 master_bedroom;次卧 second_bedroom;书房 study;厨房 kitchen;餐厅 dining_room;阳台 balcony;"
        "浴室 bathroom;儿童房 kids_room;客房 guest_room;车库 garage;走廊 hallway;玄关 entrance;地下室 basement;院子 yard;办公室 office;"
        "洗衣房 laundry;阁楼 attic;老人房 elder_room;衣帽间 closet;影音室 media_room"
    ),
    open=True,
)
_COLORS: Final = Choice(
    options(
        "红色 red 红色;蓝色 blue 蓝色;绿色 green 绿色;黄色 yellow 黄色;白色 white 白色;紫色 purple 紫色;"
        "橙色 orange 橙色,橘色,橘黄色;粉色 pink 粉色,粉红色;暖白 warm_white 暖白,暖白色;冷白 cool_white 冷白,冷白色"
    )
)
_TEMP: Final = Number(16, 32, 1, "度", ("度", "℃", "°C", "度"), salt="temp", halves=True)
_ROOM = param(
    "room", "room|area|location|zone|place", "房间|哪个房间|位置", "room|which room|area", ROOM, required=False,
)


_ON = param("on", "state|power|action|status|switch", "开关|状态|动作", "on or off|state|power", Switch())

HOME: Final[tuple[Intent, ...]] = (
    intent(
        "ac_temp",
        "set ac temperature|ac set temp|set temperature|climate set temperature|set air conditioner temp|adjust ac temperature|ac temp",
        "设置空调温度|调空调温度|把空调调到指定温度|设定空调的目标温度",
        "Set the AC temperature|Set air conditioner target temperature|Adjust AC to a temperature",
        "调空调温度",
        """
        把[{room}的|{room}]空调[温度](调到|设为|设成|调成|设定在|开到|设置为|改成|定在|弄到){temp}
        [{room}的|{room}]空调[温度](调到|设成|调成|开到|改成|调至|设置到){temp}
        空调{temp}
        将[{room}的|{room}]空调(调整到|设定为|设置成|调节到){temp}
        (调|设置|设定|调整|调节)[一下][{room}的|{room}]空调[的]温度(到|为|成){temp}
        [{room}的|{room}]空调(打到|打在|保持在|维持在|来个|要){temp}
        =我(想要|要|希望)[{room}的|{room}]空调{temp}
        =[{room}]空调(太冷了|太热了|温度不合适)，(改成|调到|换成){temp}
        让[{room}的|{room}]空调(到|变成|保持){temp}
        (开|打开)[{room}的|{room}]空调，(温度|调到|设成){temp}
        =[{room}]空调温度{temp}就(行|好|可以)[了]
        =把温度(调到|设到|设成){temp}，[{room}的]空调
        """,
        "{room}空调已调到{temp}",
        param(
            "temp", "temperature|temp|degrees|target_temp|value|celsius|t", "温度|目标温度|多少度",
            "temperature|target temperature|degrees", _TEMP,
        ),
        _ROOM,
        english="""
        set the [{room}] AC to {temp} [degrees]
        please set the air conditioner [in the {room}] to {temp} degrees
        make the AC {temp} degrees
        change the air conditioning to {temp}
        """,
        missing=(
            ("(调|设)一下空调[的]温度", "您想调到多少度？"), ("把空调温度(改|调|换)一下", "好的，调到多少度？"),
            ("空调温度要(改|调)", "请问调到多少度？"),
        ),
    ),
    intent(
        "ac_shift",
        "adjust ac|change ac temperature|ac shift|ac up down|nudge ac temperature|ac step",
        "升高或降低空调温度|空调温度调高调低",
        "Raise or lower the AC temperature|Make it warmer or cooler",
        "升降空调温度",
        """
        把空调[温度]{way:b}[一点|点|一些]
        空调[再]{way:b}[一点|点|一些]
        (空调|温度){way:b}(一点|点|一些)
        =把温度{way:b}(一点|点)
        =空调{way:b}些
        """,
        "空调已{way}",
        param("way", "direction|change|action|way|adjust", "升高或降低|方向", "direction|warmer or cooler",
              Choice(options("升高 up 调高/调高,升高,开高,调热,弄暖和;降低 down 调低/调低,降低,开低,调凉,弄凉快"))),
    ),
    intent(
        "ac_mode",
        "set ac mode|ac mode|change ac mode|climate mode|switch hvac mode|set climate mode",
        "设置空调模式|切换空调模式|改变空调运行模式",
        "Set the AC mode|Change air conditioner mode|HVAC mode",
        "换空调模式",
        """
        [把][{room}的|{room}]空调(调到|切换到|换成|切到|设成|改成){mode}[模式]
        [{room}的|{room}]空调开{mode}[模式]
        (打开|开启|启动|切换到)[{room}的|{room}]空调[的]{mode}模式
        让[{room}的|{room}]空调{mode}
        空调用{mode}[模式]
        =[{room}]空调{mode}模式
        =[{room}]空调别用现在这个模式了，(换|切)到{mode}
        """,
        "空调已切到{mode}模式",
        param("mode", "mode|ac_mode|type|setting|operation", "模式|运行模式", "mode|operating mode",
              Choice(options("制冷 cool 制冷,冷风;制热 heat 制热,暖风,加热;除湿 dry 除湿,抽湿;送风 fan 送风,吹风,通风;自动 auto 自动"))),
        _ROOM,
        missing=(("(换|改|切换)[一下]空调模式", "您要什么模式？"),),
    ),
    intent(
        "ac_power",
        "ac power|switch ac|toggle ac|turn ac on off|air conditioner switch|ac switch",
        "开关空调|打开或关闭空调",
        "Turn the AC on or off|Air conditioner power",
        "开关空调",
        """
        {on}[{room}的|{room}]空调
        把[{room}的|{room}]空调{on:b}
        [{room}的|{room}]空调{on:b}
        [{room}的|{room}]空调(帮我|给我){on:b}
        =[{room}的|{room}]空调，{on:b}
        将[{room}的|{room}]空调{on:b}
        """,
        "{room}空调已{on}",
        _ON,
        _ROOM,
        english="""
        turn {on} the AC
        turn {on} the air conditioner [in the {room}]
        switch {on} the [{room}] AC
        switch the [{room}] air conditioner {on}
        """,
    ),
    intent(
        "fan_level",
        "set fan speed|fan level|fan speed|set fan|change fan speed|wind speed",
        "设置风扇档位|调节风扇风速|风扇几档",
        "Set the fan level|Fan speed level|Change fan speed",
        "调风扇",
        """
        [把]([{room}的|{room}]风扇|电风扇|电扇)(调到|开到|设成|换到|改成){level}
        (风扇|电扇|电风扇)(开|来|要|打){level}
        风速(调到|换成|改成){level}
        将(风扇|电扇)(调整为|设为){level}
        =(风扇|电扇)(风太大|风太小)了，(调到|改成){level}
        (打开|开)风扇，{level}
        """,
        "风扇已调到{level}",
        param(
            "level", "level|speed|gear|fan_speed|step", "档位|几档|风速", "level|speed|gear",
            Number(1, 9, 1, "档", salt="fan"),
        ),
        _ROOM,
        missing=(("(调|换)一下风扇(风速|档位)", "要几档？"), ("风扇(换个档|换一档)", "您要几档？")),
        group="fan",
    ),
    intent(
        "light_power",
        "turn light|switch light|light switch|light power|lights on off|control light|set light",
        "开关灯|打开或关闭灯|控制灯的开关",
        "Turn a light on or off|Switch the lights|Light power",
        "开关灯",
        """
        {on}[{room}的|{room}]灯
        把[{room}的|{room}](灯|电灯){on:b}
        [{room}的|{room}]灯{on:b}
        将[{room}的|{room}](灯|灯光){on:b}
        [{room}的|{room}](灯|吊灯|大灯)[都|全都]{on:b}
        =[{room}的|{room}]灯，{on:b}
        {on}[{room}的|{room}]电灯
        """,
        "{room}灯已{on}",
        _ON,
        _ROOM,
        english="""
        turn {on} the [{room}] light
        turn the lights {on} [in the {room}]
        switch {on} the [{room}] lights
        lights {on} please
        """,
        group="light",
    ),
    intent(
        "brightness",
        "set brightness|light brightness|dim light|set light level|brightness|adjust brightness|light dimmer",
        "设置灯的亮度|调节灯光亮度|调灯亮度",
        "Set light brightness|Dim the light|Light level",
        "调灯的亮度",
        """
        把[{room}的|{room}]灯[的|光]亮度(调到|设为|设成|调成|改成){level}
        [{room}的|{room}](灯|灯光)亮度(调到|设成|开到|调至|改成){level}
        [把][{room}的|{room}]灯(调到|开到|设到){level}[的]亮度
        (调|设置|调整)[{room}的|{room}]灯光亮度(到|为){level}
        =[{room}的|{room}]灯(太亮了|太暗了|太刺眼了)，(调到|改成){level}
        亮度{level}[，{room}的灯]
        =[{room}]灯亮度{level}就(行|好|够了)
        让[{room}的|{room}]灯亮度变成{level}
        """,
        "{room}灯亮度已调到{level}",
        param(
            "level", "brightness|level|percent|value|pct|intensity", "亮度|亮度值", "brightness|level",
            Percent(low=5, salt="bright"),
        ),
        _ROOM,
        english="""
        set the [{room}] light to {level}
        dim the [{room}] lights to {level}
        set brightness to {level}
        change the [{room}] light brightness to {level}
        """,
        missing=(("(调|改)一下灯的亮度", "亮度调到多少？"), ("灯光亮度(换|变)一下", "您要多少亮度？")),
    ),
    intent(
        "light_color",
        "set light color|light color|change color|set lamp color|color light",
        "设置灯的颜色|换灯光颜色|改变灯色",
        "Set the light color|Change lamp color",
        "换灯的颜色",
        """
        把[{room}的|{room}]灯[光](调成|变成|换成|设为|改成){color}
        [{room}的|{room}](灯|灯光)[颜色](换成|变成|调成|改成|要){color}
        (换|调|变)成{color}的灯[光]
        让[{room}的|{room}]灯变成{color}
        (开|打开){color}的灯光
        将[{room}的|{room}]灯光颜色(设置为|调整为|设成){color}
        =[{room}]灯光颜色不好看，换{color}吧
        """,
        "灯光已变成{color}",
        param("color", "color|colour|light_color|hue|tint", "颜色|灯光颜色", "color|light color", _COLORS),
        _ROOM,
        english="""
        make the [{room}] light {color}
        change the [{room}] lights to {color}
        set the light color to {color}
        """,
        missing=(("(换|改)[一下|个]灯[光]的颜色", "您要什么颜色？"),),
    ),
    intent(
        "curtain",
        "set curtain|curtain position|open curtain to|set cover position|blind position|move curtain",
        "设置窗帘开合比例|窗帘开到百分之几|调节窗帘位置",
        "Set curtain position|Open the curtain to a percentage|Cover position",
        "调窗帘",
        """
        把[{room}的|{room}]窗帘(开到|拉到|调到|打开到|拉开到){pos}
        [{room}的|{room}]窗帘(开|拉开|打开|拉到|开到){pos}
        (拉开|打开)[{room}的|{room}]窗帘到{pos}
        将[{room}的|{room}]窗帘(设为|调整到|设置到){pos}
        =[{room}的|{room}]窗帘开{pos}就(行|好|可以)
        让[{room}的|{room}]窗帘(开到|停在){pos}
        """,
        "{room}窗帘已开到{pos}",
        param(
            "pos", "position|percent|open_percent|pos|ratio|amount", "开合度|位置|开多少", "position|how far open",
            Percent(low=5, salt="curtain"),
        ),
        _ROOM,
        group="curtain",
        missing=(("(调|动)一下窗帘[的位置]", "窗帘开到多少？"),),
    ),
    intent(
        "curtain_switch",
        "control curtain|curtain|curtain switch|draw curtain|curtain action",
        "开关窗帘|拉开或拉上窗帘",
        "Open or close the curtain|Curtain control",
        "开关窗帘",
        """
        {way}[{room}的|{room}]窗帘
        把[{room}的|{room}]窗帘{way:b}
        [{room}的|{room}]窗帘{way:b}
        将[{room}的|{room}]窗帘{way:b}
        =[{room}的|{room}]窗帘，{way:b}
        """,
        "{room}窗帘已{way}",
        param("way", "action|state|op|command|motion", "动作|开或关", "action|open or close",
              Choice(options("打开 open 打开,拉开,开/打开,拉开;关闭 close 关上,拉上,关闭,合上/关上,拉上,合上"))),
        _ROOM,
        group="curtain",
    ),
    intent(
        "scene",
        "activate scene|set scene|run scene|scene mode|switch scene|apply scene",
        "切换场景模式|启动场景|打开家庭场景",
        "Activate a scene|Switch the home scene",
        "切换场景",
        """
        (打开|启动|开启|切换到|进入|切到){scene}模式
        {scene}模式
        把家里(切到|换成|设成){scene}模式
        =我(要|想)(开启|用){scene}模式
        执行{scene}场景
        (启动|打开){scene}场景
        """,
        "已进入{scene}模式",
        param("scene", "scene|mode|name|scene_name|profile", "场景|模式名", "scene|scene name",
              Choice(options("回家 home;离家 away;睡眠 sleep 睡眠,睡觉;观影 movie 观影,看电影,影院;阅读 reading 阅读,看书;起床 morning 起床,早晨;"
                             "用餐 dining 用餐,吃饭;聚会 party 聚会,派对;工作 work;节能 eco 节能,省电;学习 study"), open=False)),
    ),
    intent(
        "vacuum",
        "control vacuum|vacuum|robot vacuum|vacuum action|sweeper|vacuum command",
        "控制扫地机器人|扫地机的动作",
        "Control the robot vacuum|Vacuum action",
        "控制扫地机",
        """
        [让]扫地(机器人|机){act}
        (扫地机器人|扫地机|吸尘器)，{act}
        叫扫地机[器人]{act}
        =让它{act}，我说扫地机
        请扫地机器人{act}
        """,
        "扫地机已{act}",
        param("act", "action|command|op|cmd|task", "动作|命令", "action|command",
              Choice(options("开始 start 开始打扫,开始工作,开始清扫,去打扫,打扫一下;停止 stop 停下来,停止,停止打扫,别扫了;暂停 pause 暂停,暂停打扫;"
                             "回充 dock 回去充电,回充,回充电座,回充电桩"))),
        group="vacuum",
    ),
    intent(
        "clean_room",
        "clean room|sweep room|vacuum room|clean area|start cleaning",
        "打扫指定房间|清扫某个房间",
        "Clean a room|Vacuum a given room",
        "打扫房间",
        """
        [让扫地机]打扫[一下]{room}
        (扫|清扫|拖|打扫)一下{room}
        把{room}(扫一下|打扫一下|打扫干净|扫一扫|拖一拖)
        =去{room}(扫地|打扫|拖地)
        {room}该打扫了
        清理{room}的地(面|板)
        =让扫地机去{room}
        """,
        "开始打扫{room}",
        param("room", "room|area|zone|target|where", "房间|要打扫的房间", "room|room to clean", ROOM),
        english="""
        clean the {room}
        vacuum the {room} please
        sweep the {room}
        """,
        group="vacuum",
        missing=(("(打扫|清扫)一下(房间|)", "要打扫哪个房间？"),),
    ),
    intent(
        "lock",
        "lock door|door lock|set lock|control lock|smart lock",
        "锁门或开锁|控制门锁",
        "Lock or unlock a door|Door lock control",
        "控制门锁",
        """
        把{door}{act:b}
        {act}{door}
        {door}{act:b}
        将{door}{act:b}
        =我要出门了，(帮我|)把{door}{act:b}
        """,
        "{door}已{act}",
        param("act", "action|state|command|lock_state|op", "动作|锁或开锁", "lock or unlock|action",
              Choice(options("上锁 lock 锁上,锁住,锁好/锁上,锁好,锁住,上锁;解锁 unlock 解锁/解锁"))),
        param("door", "door|name|which|target|door_name", "哪扇门|门", "which door|door",
              Choice(options("大门 main_door;前门 front_door;后门 back_door;车库门 garage_door;卧室门 bedroom_door;院门 gate;书房门 study_door"), open=True)),
    ),
)

"""Intents of the car: windows, seats, driving, navigation. Data only."""

from __future__ import annotations

from typing import Final

from autoglm_agent.training.text import strings
from autoglm_agent.training.text.slots import Choice, Number, Percent, PhoneNumber, Switch, Text, options
from autoglm_agent.training.text.tools_base import Intent, intent, param

_SEAT: Final = Choice(
    options("主驾 driver 主驾,主驾驶,驾驶位;副驾 passenger 副驾,副驾驶;左后 rear_left 左后,后排左边,后排左侧;右后 rear_right 右后,后排右边,后排右侧;后排 rear 后排")
)
_WINDOW: Final = Choice(
    options("主驾 driver 主驾,主驾驶,驾驶位;副驾 passenger 副驾,副驾驶;左后 rear_left 左后,后排左边;右后 rear_right 右后,后排右边;全部 all 所有,全部,全车")
)

CAR: Final[tuple[Intent, ...]] = (
    intent(
        "window_pos",
        "set window position|open window to|window position|car window percent|move window|set car window",
        "设置车窗开度|车窗开到百分之几|调车窗位置",
        "Set the car window position|Open a window to a percentage",
        "调车窗",
        """
        把[{which}的|{which}]车窗(开到|打开到|降到|摇到|调到|开){pos}
        [{which}的|{which}]车窗(开|打开|开到|降到|调到){pos}
        (打开|开)[{which}的|{which}]车窗到{pos}
        将[{which}的|{which}]车窗(设为|调整到|降至){pos}
        =[{which}的|{which}]车窗开{pos}(就行|就好|就可以)
        =(有点闷|透透气)，[{which}]车窗开{pos}
        """,
        "{which}车窗已开到{pos}",
        param(
            "pos", "position|percent|open_percent|pos|ratio|value", "开度|开多少|百分比", "position|how far open",
            Percent(low=5, salt="window"),
        ),
        param(
            "which", "window|which|position_name|side|seat", "哪扇窗|车窗位置", "which window|window", _WINDOW,
            required=False,
        ),
        group="window",
        english="""
        open the {which} window {pos}
        set the {which} window to {pos}
        roll the [{which}] window down to {pos}
        """,
        missing=(("(调|动)一下车窗[的开度]", "车窗开到多少？"),),
    ),
    intent(
        "window_switch",
        "control window|car window|window switch|roll window|window action",
        "开关车窗|升起或降下车窗",
        "Open or close a car window|Roll the window up or down",
        "开关车窗",
        """
        {act}{which}[的]车窗
        把{which}[的]车窗{act:b}
        {which}[的]车窗{act:b}
        将{which}[的]车窗{act:b}
        =到地方了，{which}车窗{act:b}
        =麻烦了，把{which}的车窗{act:b}
        """,
        "{which}车窗已{act}",
        param("act", "action|state|op|command|motion", "动作|开或关", "action|open or close",
              Choice(options(
                  "打开 open 打开,降下,摇下,开/打开,降下来,摇下来;关闭 close 关上,升起,摇上,关/关上,升起来,摇上去,关好",
              ))),
        param("which", "window|which|side|seat|target", "哪扇窗|车窗", "which window|window", _WINDOW),
        group="window",
    ),
    intent(
        "seat_heat",
        "set seat heating|seat heat|heat seat|seat heater level|seat heating",
        "设置座椅加热档位|座椅加热",
        "Set seat heating level|Seat heater",
        "调座椅加热",
        """
        把{seat}[的]座椅加热(开到|调到|设为|打到){level}
        {seat}[的]座椅加热{level}
        (打开|开启|开){seat}[的]座椅加热，{level}
        {seat}座椅(太凉|有点冷)，加热(开|调到){level}
        将{seat}座椅加热(设成|调整到){level}
        给{seat}座椅加热，(开|调到){level}
        """,
        "{seat}座椅加热{level}已打开",
        param("seat", "seat|which_seat|position|who|side", "座位|哪个座椅", "seat|which seat", _SEAT),
        param(
            "level", "level|gear|heat_level|grade|step", "档位|几档", "level|heat level",
            Number(1, 5, 1, "档", salt="seat"),
        ),
        missing=(("(打开|开一下){seat}座椅加热", "开几档？"),),
    ),
    intent(
        "seat_massage",
        "seat massage|toggle massage|massage seat|set massage",
        "开关座椅按摩",
        "Turn seat massage on or off",
        "开关座椅按摩",
        """
        {on}{seat}[的]座椅按摩
        把{seat}[的]座椅按摩{on:b}
        {seat}[的]座椅按摩{on:b}
        将{seat}[的]按摩{on:b}
        """,
        "{seat}座椅按摩已{on}",
        param("seat", "seat|which_seat|position|side", "座位|哪个座椅", "seat|which seat", _SEAT),
        param("on", "state|power|action|status|switch", "开关|状态", "on or off|state", Switch()),
    ),
    intent(
        "navigate",
        "navigate|start navigation|navigate to|go to|route to|set destination|start route",
        "导航到目的地|开始导航|规划去某地的路线",
        "Navigate to a place|Start navigation|Set the destination",
        "导航",
        """
        导航(到|去){dest}
        =我(想|要|得)去{dest}
        (去|开车去|开去|带我去|送我去){dest}
        (打开|开始|启动|开)导航，去{dest}
        =去{dest}(怎么走|怎么开|走哪条路)
        把目的地(设为|设成|改成|定为){dest}
        =我们去{dest}[吧]
        (规划|查)[一下](去|到){dest}的路线
        目的地{dest}
        =往{dest}(走|开)[吧]
        =下一站{dest}
        """,
        "开始导航去{dest}",
        param(
            "dest", "destination|dest|place|location|target|address|where", "目的地|要去的地方",
            "destination|place to go", Text(strings.place),
        ),
        group="goto",
        english="""
        navigate to {dest}
        take me to {dest}
        how do I get to {dest}
        set the destination to {dest}
        drive to {dest}
        """,
        missing=(
            ("(打开|开始|启动)导航", "您要去哪里？"), ("(帮我|)导个航", "好的，去哪里？"),
            ("我要导航", "请问目的地是哪里？"),
        ),
    ),
    intent(
        "waypoint",
        "add waypoint|add stop|waypoint|stop at|insert stop",
        "添加途经点|路上加一个停靠点",
        "Add a stop on the route|Add waypoint",
        "加途经点",
        """
        (途经|经过|路过){dest}
        (加|添加|增加)[一个|个]途经点{dest}
        =(路上|中途|顺路)(先|)去一下{dest}
        (中间|途中|中途)(停一下|经停|停){dest}
        把{dest}(加为|设为)途经点
        """,
        "已加途经点{dest}",
        param("dest", "waypoint|stop|place|location|via", "途经点|地点", "waypoint|stop", Text(strings.place)),
        group="goto",
    ),
    intent(
        "nearby",
        "find nearby|search nearby|nearby places|poi search|find poi",
        "搜索附近地点|找附近的设施",
        "Find nearby places|Search points of interest nearby",
        "找附近的地方",
        """
        (找|搜|查)[一下|个](附近的|周围的|最近的|周边的){kind}
        =附近(有没有|有|哪里有|哪儿有){kind}
        =(附近|这附近|周围)有{kind}吗
        =最近的{kind}在(哪|哪儿|哪里)
        看看(周围|附近|旁边)(有没有|的){kind}
        =我想找(个|一个){kind}
        """,
        "正在找附近的{kind}",
        param("kind", "category|type|keyword|poi|kind|query", "类型|找什么", "category|kind of place",
              Choice(options("加油站 gas_station;充电站 charging_station;停车场 parking;厕所 restroom;餐厅 restaurant;超市 supermarket;医院 hospital;"
                             "酒店 hotel;药店 pharmacy;咖啡店 cafe;银行 bank;洗车店 car_wash;便利店 convenience_store;书店 bookstore;公园 park"), open=True)),
        english="""
        find a {kind} nearby
        where is the nearest {kind}
        any {kind} around here
        """,
        group="goto",
    ),
    intent(
        "sunroof",
        "control sunroof|sunroof|set sunroof|roof window|sunroof switch",
        "开关天窗",
        "Open or close the sunroof",
        "开关天窗",
        """
        {on}天窗
        把天窗{on:b}
        天窗{on:b}
        将天窗{on:b}
        =天窗，{on:b}
        """,
        "天窗已{on}",
        param("on", "state|action|status|op|command", "开关|动作", "open or close|state", Switch()),
        english="""
        turn {on} the sunroof
        switch the sunroof {on}
        sunroof {on}
        """,
    ),
    intent(
        "wiper",
        "set wiper|wiper speed|wipers|control wiper",
        "设置雨刷速度|控制雨刷",
        "Set wiper speed|Wipers",
        "调雨刷",
        """
        [把]雨刷(调到|开到|换到|设成|调成){speed}
        雨刮器(调到|开到|设为){speed}
        雨刷{speed}
        =雨(大|小)了，雨刷(调到|开){speed}
        将雨刷(设为|改成){speed}
        """,
        "雨刷已调到{speed}",
        param("speed", "speed|level|mode|gear", "速度|档位", "speed|wiper speed",
              Choice(options("低速 low 低速,慢速;中速 medium;高速 high 高速,快速;自动 auto 自动;关闭 off 关闭"))),
    ),
    intent(
        "drive_mode",
        "set drive mode|drive mode|driving mode|change drive mode",
        "切换驾驶模式",
        "Change the driving mode|Drive mode",
        "换驾驶模式",
        """
        (切换到|切到|换到|换成|进入|打开){mode}(模式|驾驶模式)
        [把]驾驶模式(调到|换成|切到|改成|设为){mode}
        用{mode}模式(开|驾驶)
        =我(要|想)用{mode}[驾驶]模式
        将驾驶模式(改为|设成){mode}
        """,
        "已切到{mode}模式",
        param("mode", "mode|drive_mode|profile|type", "驾驶模式|模式", "mode|driving mode",
              Choice(options("运动 sport;经济 eco 经济,节能;舒适 comfort;雪地 snow;越野 offroad;标准 normal"))),
        group="scene",
    ),
    intent(
        "headlight",
        "set headlights|headlights|car lights|control headlight|vehicle lights",
        "控制车灯|切换车灯",
        "Control the headlights|Car lights",
        "控制车灯",
        """
        (打开|开|开启|换成|切到|换){kind}
        把(车灯|大灯)(换成|切到|调成|改成){kind}
        车灯(换|切)到{kind}
        =(天黑了|天暗了|前面有雾)，开{kind}
        将车灯(切换为|设为){kind}
        """,
        "{kind}已打开",
        param("kind", "light|mode|type|kind|lamp", "灯|车灯类型", "light|which light",
              Choice(options(
                  "近光灯 low_beam;远光灯 high_beam;雾灯 fog;双闪 hazard 双闪,双闪灯;示廓灯 parking;自动大灯 auto",
              ))),
    ),
    intent(
        "cruise",
        "set cruise speed|cruise control|cruise|set cruise",
        "设置定速巡航速度",
        "Set cruise control speed",
        "设巡航速度",
        """
        (定速巡航|巡航)(设到|调到|设为|设成|开到|定在){speed}
        把(巡航速度|巡航|定速)(设为|调到|改成){speed}
        (打开|开启)定速巡航，{speed}
        以{speed}(定速|巡航)
        巡航速度{speed}
        """,
        "巡航已设到{speed}",
        param(
            "speed", "speed|kmh|target_speed|velocity|value", "速度|公里每小时", "speed|km/h",
            Number(40, 120, 5, "公里", ("公里", "km/h", "码"), salt="cruise"),
        ),
        missing=(("(打开|开启|设)[一下](定速|)巡航", "速度设多少？"),),
    ),
    intent(
        "trunk",
        "open trunk|control trunk|trunk|tailgate",
        "开关后备箱",
        "Open or close the trunk|Tailgate control",
        "开关后备箱",
        """
        {on}(后备箱|尾门|后备厢)
        把(后备箱|后备厢|尾门){on:b}
        (后备箱|尾门){on:b}
        将后备箱{on:b}
        =我要(放|拿)东西，后备箱{on:b}
        """,
        "后备箱已{on}",
        param("on", "state|action|op|status|command", "开关|动作", "open or close|action", Switch()),
    ),
    intent(
        "radio",
        "tune radio|set radio|radio frequency|play radio|fm radio",
        "收音机调频|调电台频率",
        "Tune the radio|Set FM frequency",
        "调收音机",
        """
        [把](收音机|广播|电台)(调到|换到|调频到){freq}
        (听|打开|收听)(调频|收音机|广播){freq}
        =我(想|要)听调频{freq}
        调频{freq}
        将电台(设为|换成){freq}
        """,
        "收音机已调到{freq}",
        param(
            "freq", "frequency|freq|mhz|station|fm", "频率|兆赫", "frequency|MHz",
            Number(87.5, 108, 0.1, "", ("", "兆赫"), salt="fm", bounds=False),
        ),
        missing=(("(打开|开)收音机换个台", "调到什么频率？"), ("(换|调)个(电台|广播)", "调到多少兆赫？")),
    ),
    intent(
        "range_query",
        "get battery range|battery status|remaining range|query range|fuel level|get range",
        "查询剩余续航|还能开多远",
        "Get the remaining range|Battery range",
        "查续航",
        """
        =(还能|还可以)(开|跑)(多远|多少公里)
        =(剩余续航|续航)(是多少|还有多少|多少)
        =(查|看)一下(续航|剩余里程)
        =[这车]还剩多少(续航|里程)
        =(电|油)还够(开|跑)多远
        """,
        "还能开{v}",
        fields=(("range_km|range|remaining|distance|km", "公里", "range"),),
    ),
    intent(
        "tire_query",
        "tire pressure|get tire pressure|check tire|query tire pressure",
        "查询胎压",
        "Get tire pressure",
        "查胎压",
        """
        =(查|看)一下{tire}[的]胎压
        ={tire}[的]胎压(是多少|多少|正常吗)
        =告诉我{tire}的胎压
        =检查{tire}胎压
        ={tire}轮胎的气足吗
        """,
        "{tire}胎压{v}",
        param("tire", "tire|wheel|position|which", "哪个轮胎|轮胎", "tire|which wheel",
              Choice(options("左前 front_left 左前;右前 front_right 右前;左后 rear_left 左后;右后 rear_right 右后"))),
        fields=(("pressure|value|bar|tire_pressure", "", "bar"),),
    ),
    intent(
        "call",
        "make call|call contact|phone call|dial contact|call|start call",
        "打电话给联系人|拨打电话",
        "Call a contact|Make a phone call",
        "打电话",
        """
        给{who}打[个]电话
        (打电话|打个电话|拨电话)给{who}
        (呼叫|拨打|联系){who}
        打给{who}
        =我(要|想)(跟|和|给){who}(通电话|打电话)
        拨{who}的电话
        =找{who}，打电话
        """,
        "正在呼叫{who}",
        param(
            "who", "contact|name|person|who|callee|to", "联系人|打给谁", "contact|who to call", Text(strings.contact),
        ),
        group="call",
        english="""
        call {who}
        give {who} a call
        phone {who} please
        """,
        missing=(("打[个]电话", "您要打给谁？"), ("我要打电话", "好的，打给谁？"), ("拨个电话", "请问打给谁？")),
    ),
    intent(
        "dial",
        "dial number|dial|call number|phone dial",
        "拨打电话号码",
        "Dial a phone number",
        "拨号码",
        """
        (拨打|拨|打|呼叫){num}
        给{num}打[个]电话
        打电话(给|到){num}
        拨[号|这个号码]{num}
        =(电话|号码)是{num}，打过去
        """,
        "正在拨打{num}",
        param("num", "number|phone|phone_number|tel|digits", "电话号码|号码", "phone number|number", PhoneNumber()),
        group="call",
        english="""
        dial {num}
        call the number {num}
        ring {num}
        """,
    ),
)

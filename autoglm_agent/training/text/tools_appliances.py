"""Intents of the household appliances, pets and the shopping list. Data only."""

from __future__ import annotations

from typing import Final

from autoglm_agent.training.text import strings
from autoglm_agent.training.text.slots import Choice, Clock, Duration, Number, Percent, Switch, Text, options
from autoglm_agent.training.text.tools_base import Intent, intent, param
from autoglm_agent.training.text.tools_home import ROOM

APPLIANCES: Final[tuple[Intent, ...]] = (
    intent(
        "water_temp",
        "set water temperature|water heater temp|heater temperature|set boiler",
        "设置热水器温度|热水器水温",
        "Set water heater temperature|Water temperature",
        "调热水器水温",
        """
        把(热水器|水温)(调到|设为|设成|开到|烧到){temp}
        热水器[温度|水温](调到|设成|改成|烧到){temp}
        (热水|洗澡水)(烧到|要|调到){temp}
        将热水器(设定为|调整到){temp}
        =水太(凉|烫)了，热水器(调到|改成){temp}
        """,
        "热水器已设到{temp}",
        param(
            "temp", "temperature|temp|water_temp|degrees|value", "水温|温度", "water temperature|temperature",
            Number(35, 75, 1, "度", ("度", "℃"), salt="water"),
        ),
        missing=(("(调|改)一下热水器[的]温度", "水温调到多少度？"),),
    ),
    intent(
        "humidity",
        "set humidity|humidifier level|target humidity|set humidifier",
        "设置加湿器湿度|目标湿度",
        "Set target humidity|Humidifier humidity",
        "调湿度",
        """
        [把](加湿器|湿度)(调到|设为|设成|开到|保持在){level}
        加湿器(湿度|)(调到|设成|改成){level}
        =(太干了|空气好干)，(把湿度|湿度|加湿器)(调到|开到){level}
        将[室内]湿度(设定为|控制在){level}
        让湿度(保持|维持)在{level}
        """,
        "湿度已设为{level}",
        param(
            "level", "humidity|percent|target|level|value", "湿度|目标湿度", "humidity|target humidity",
            Percent(low=30, high=80, salt="humid"),
        ),
    ),
    intent(
        "oven",
        "start oven|oven bake|set oven|bake|heat oven",
        "启动烤箱|设置烤箱温度和时间",
        "Start the oven|Oven temperature and time",
        "用烤箱",
        """
        烤箱(调到|开到|设成){temp}，[烤|加热|定时]{time}
        (用烤箱|烤箱){temp}烤{time}
        把烤箱(开到|预热到|设为){temp}，(烤|时间){time}
        烤{time}，温度{temp}，用烤箱
        =我要烤(蛋糕|面包|红薯|饼干)，烤箱{temp}，{time}
        """,
        "烤箱{temp}，{time}，开始了",
        param(
            "temp", "temperature|temp|heat|degrees", "温度|烤箱温度", "temperature|oven temperature",
            Number(100, 250, 10, "度", ("度", "℃"), salt="oven"),
        ),
        param("time", "time|bake_time|duration", "时间|烤多久", "baking time|time", Duration()),
    ),
    intent(
        "tv_channel",
        "set tv channel|tv channel|change channel|switch channel",
        "切换电视频道|电视换台",
        "Change the TV channel|Set TV channel",
        "换电视台",
        """
        [把]电视(调到|换到|切到|转到){num}
        (换|切|转|调)到{num}
        看{num}
        =我(想|要)看{num}
        电视放{num}
        """,
        "电视已换到{num}",
        param(
            "num", "channel|number|channel_no|ch|id", "频道号|频道", "channel number|channel",
            Number(1, 99, 1, "频道", ("频道", "台"), salt="channel"),
        ),
        missing=(("(换|换个|切换)(台|频道)", "换到几频道？"),),
    ),
    intent(
        "thermo_query",
        "get room temperature|read temperature|query temperature|room temp|get indoor temp",
        "查询房间温度|读取室内温度",
        "Get the temperature of a room|Read indoor temperature",
        "查房间温度",
        """
        ={room}(现在|)(多少度|几度|温度是多少|有多少度)
        ={room}(冷不冷|热不热)
        =查[一下|一查]{room}的温度
        =看看{room}(现在|)几度
        =告诉我{room}(的温度|多少度)
        =现在{room}里(几度|多少度)
        """,
        "{room}现在{v}",
        param("room", "room|area|location|zone|where", "房间|哪个房间", "room|which room", ROOM),
        fields=(("temperature|temp|value|indoor_temp", "度", "degrees"),),
    ),
    intent(
        "door_query",
        "get door state|door status|check door|is door open",
        "查询门的状态|门开着还是关着",
        "Check whether a door is open|Door status",
        "查门的状态",
        """
        ={door}(关好了吗|锁了吗|开着吗|关了没|关了没有|关着吗)
        =看看{door}(关没关|关了没有|是不是开着)
        =查[一下]{door}(的|)状态
        ={door}是开着还是关着
        =我是不是忘关{door}了
        """,
        "{door}{v}",
        param("door", "door|name|which|target", "哪扇门|门", "which door|door",
              Choice(options("大门 main_door;前门 front_door;后门 back_door;车库门 garage_door;冰箱门 fridge_door;院门 gate;阳台门 balcony_door"), open=True)),
        fields=(("state|status|door_state", "", "door"),),
    ),
    intent(
        "feed_pet",
        "feed pet|pet feeder|dispense food|feed animal",
        "喂宠物|启动喂食器",
        "Feed the pet|Dispense pet food",
        "喂宠物",
        """
        (给|帮我给){pet}(喂|放|加){num}粮
        喂{pet}{num}粮
        =该喂{pet}了，(放|来|给){num}[粮]
        让喂食器给{pet}(放|出){num}
        {pet}饿了，(喂|放){num}
        """,
        "已给{pet}放{num}粮",
        param("pet", "pet|animal|target|name", "宠物|喂谁", "pet|which pet",
              Choice(options("猫 cat;狗 dog;兔子 rabbit;鱼 fish;仓鼠 hamster;鹦鹉 parrot"), open=True)),
        param(
            "num", "portions|amount|count|servings", "份数|几份", "portions|servings",
            Number(1, 9, 1, "份", salt="portion"),
        ),
    ),
    intent(
        "plug",
        "set switch|smart plug|device power|switch device|power device|turn device",
        "开关设备|控制电器开关",
        "Turn a device on or off|Switch an appliance",
        "开关电器",
        """
        {on}{dev}
        把{dev}{on:b}
        {dev}{on:b}
        将{dev}{on:b}
        ={dev}，{on:b}
        """,
        "{dev}已{on}",
        param("dev", "device|name|appliance|target|device_name", "设备|电器名", "device|appliance",
              Choice(options("加湿器 humidifier;净化器 purifier;电视 tv;风扇 fan;热水器 water_heater;电饭煲 rice_cooker;洗衣机 washer;投影仪 projector;"
                             "音箱 speaker;路由器 router;饮水机 water_dispenser;洗碗机 dishwasher;油烟机 range_hood;电热毯 electric_blanket;地暖 floor_heating;"
                             "摄像头 camera;除湿机 dehumidifier;微波炉 microwave"), open=True)),
        param("on", "state|power|action|status|switch", "开关|状态|动作", "on or off|state|power", Switch()),
        english="""
        turn {on} the {dev}
        turn the {dev} {on}
        switch {on} the {dev}
        switch the {dev} {on} please
        """,
    ),
    intent(
        "schedule_cook",
        "schedule cooking|rice cooker timer|cook rice|reserve cooking",
        "预约煮饭|电饭煲定时",
        "Schedule the rice cooker|Cook at a time",
        "预约煮饭",
        """
        {time}(煮好|做好)(饭|米饭|粥)
        (预约|定在){time}煮饭
        让电饭煲{time}(开始煮|煮饭|做饭)
        电饭煲(预约|定|定时)到{time}
        =我{time}要吃饭，电饭煲预约一下
        """,
        "已预约{time}煮饭",
        param("time", "time|at|start_time|when|clock", "时间|几点", "time|when", Clock()),
        missing=(("预约(煮饭|电饭煲)", "预约到几点？"),),
        group="clock",
    ),
    intent(
        "shopping_add",
        "add shopping item|shopping list add|add to list|add item",
        "添加到购物清单|购物清单加一项",
        "Add an item to the shopping list",
        "加购物清单",
        """
        (把|将){item}(加到|加进|放进|写到|记到)购物清单
        购物清单(加上|加|添上|里加|记上)[{num}]{item}
        =(家里没|没有){item}了，加到购物清单
        (记得|记一下)要买[{num}]{item}，(加到|写进)购物清单
        添加{item}到购物清单
        =我要买{item}，记到(购物清单|清单上)
        """,
        "{item}已加到购物清单",
        param("item", "item|name|product|thing|goods", "物品|要买什么", "item|what to buy", Text(strings.item)),
        param(
            "num", "quantity|count|amount|qty", "数量|几个", "quantity|how many", Number(2, 12, 1, "个", salt="qty"),
            required=False,
        ),
        english="""
        add {item} to the shopping list
        put {item} on my shopping list
        I need to buy {item}, add it to the list
        """,
    ),
)

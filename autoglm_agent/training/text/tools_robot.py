"""Intents of a home robot: moving, looking, grasping. Data only."""

from __future__ import annotations

from typing import Final

from autoglm_agent.training.text import strings
from autoglm_agent.training.text.slots import Choice, Number, Text, options
from autoglm_agent.training.text.tools_base import Intent, intent, param
from autoglm_agent.training.text.tools_home import ROOM

_TURN: Final = Choice(options("左 left 左,左边;右 right 右,右边"))
_MOVE: Final = Choice(options("前 forward 前;后 backward 后;左 left 左;右 right 右"))

ROBOT: Final[tuple[Intent, ...]] = (
    intent(
        "move",
        "move robot|robot move|move|walk|drive base|move base",
        "让机器人移动|移动一段距离",
        "Move the robot|Walk a distance in meters",
        "移动",
        """
        [你]向{dir}(走|移动|挪|开|移){dist}
        [你]往{dir}(走|移动|挪|开|移){dist}
        朝{dir}(走|移动|前进){dist}
        [机器人]向{dir}{dist}
        =再往{dir}(一点，|)走{dist}
        =(过来|来)，往{dir}走{dist}
        让机器人向{dir}(走|移动){dist}
        """,
        "已向{dir}走{dist}",
        param("dir", "direction|dir|heading|way", "方向", "direction", _MOVE),
        param(
            "dist", "distance|meters|dist|length|m", "距离|米", "distance|meters",
            Number(0.5, 10, 0.5, "米", ("米", "m"), salt="meters"),
        ),
        english="""
        move {dir} {dist} meters
        go {dir} {dist} meters
        walk {dir} for {dist} meters
        """,
        missing=(("(走|移动)一下", "往哪边走，走多远？"), ("(往|向)前走", "走多远？")),
    ),
    intent(
        "steps",
        "take steps|step|walk steps|robot steps",
        "让机器人走几步",
        "Walk a number of steps",
        "走几步",
        """
        [你]向{dir}(走|迈|退|跨){n}
        [你]往{dir}(走|迈|挪){n}
        (机器人|小机器人)，往{dir}走{n}
        朝{dir}(迈|走){n}
        =再往{dir}(来|走){n}
        """,
        "已向{dir}走{n}",
        param("dir", "direction|dir|way", "方向", "direction", _MOVE),
        param(
            "n", "steps|count|n|num_steps", "步数|几步", "steps|number of steps",
            Number(1, 20, 1, "步", salt="steps"),
        ),
        group="move",
    ),
    intent(
        "turn",
        "turn robot|rotate|turn|rotate base|spin",
        "让机器人转动一个角度|原地转向",
        "Turn the robot by an angle|Rotate in degrees",
        "转向",
        """
        向{dir}(转|旋转|转动){angle}
        往{dir}(转|旋转|拐){angle}
        {dir}转{angle}
        (身体|机身)向{dir}转{angle}
        原地(向|往){dir}转{angle}
        让机器人(向|往){dir}(转|旋转){angle}
        """,
        "已向{dir}转{angle}",
        param(
            "dir", "direction|dir|side|way", "方向|左或右", "direction|left or right",
            Choice(options("左 left;右 right")),
        ),
        param(
            "angle", "angle|degrees|deg|rotation", "角度|度数", "angle|degrees",
            Number(10, 360, 5, "度", ("度", "°"), salt="angle"),
        ),
        english="""
        turn {dir} {angle} degrees
        rotate {angle} degrees to the {dir}
        spin {dir} by {angle} degrees
        """,
        missing=(("(向|往)左转", "转多少度？"), ("(向|往)右转", "转多少度？"), ("转个身", "向哪边，转多少度？")),
    ),
    intent(
        "grasp",
        "grasp object|grab|pick up|grasp|pick object|take object",
        "抓取物体|拿起一个东西",
        "Grasp an object|Pick something up",
        "抓东西",
        """
        (抓住|拿起|抓起|捡起|拾起|抓){obj}
        把{obj}(抓起来|拿起来|捡起来|抓住|拿住)
        (把|将){obj}拿起
        (去|)(抓|拿|捡)[一下]{obj}
        用(手|机械手|夹子)(抓|夹){obj}
        =我要你(拿|抓){obj}
        """,
        "已抓住{obj}",
        param(
            "obj", "object|item|target|thing|obj|name", "物体|要抓的东西", "object|what to grasp", Text(strings.item),
        ),
        group="grasp",
        english="""
        pick up the {obj}
        grab the {obj}
        grasp the {obj} please
        """,
        missing=(("(抓|拿)一下(东西|)", "要抓什么？"), ("帮我拿个东西", "要拿什么？")),
    ),
    intent(
        "put",
        "place object|put|put down|put object|place item",
        "放下物体|把东西放到某处",
        "Put an object somewhere|Place an item",
        "放东西",
        """
        把{obj}(放到|放在|搁在|搁到|摆到|摆在){place}
        (将|把){obj}(放置到|移到|拿到){place}
        {obj}(放|放到|搁){place}
        =(手里的|那个|){obj}，放到{place}[去]
        让机器人把{obj}放(到|在){place}
        """,
        "{obj}已放到{place}",
        param("obj", "object|item|thing|obj|what", "物体|放什么", "object|what to put", Text(strings.item)),
        param("place", "place|location|destination|where|target", "位置|放到哪里", "place|where to put",
              Choice(options("桌上 table;沙发上 sofa;床上 bed;柜子里 cabinet;冰箱里 fridge;地上 floor;架子上 shelf;抽屉里 drawer;茶几上 coffee_table;窗台上 windowsill;篮子里 basket;垃圾桶里 trash"), open=True)),
        group="grasp",
        missing=(("把它放下", "放到哪里？"),),
    ),
    intent(
        "fetch",
        "fetch item|fetch|bring|bring item|get item|deliver",
        "去取东西拿给用户|拿来某物",
        "Fetch an item|Bring something from a room",
        "取东西",
        """
        (去|到){room}(把|帮我把|给我把){obj}(拿来|拿过来|取来)
        (去|到){room}(拿|取)[一下]{obj}
        从{room}(拿|取|带)[来]{obj}
        =(把|帮我把){room}的{obj}(拿来|拿过来|取过来)
        (帮我|给我)从{room}拿{obj}
        =我要{room}里的{obj}，(拿来|取来)
        """,
        "已从{room}取来{obj}",
        param("obj", "item|object|thing|what|goods", "物品|取什么", "item|what to fetch", Text(strings.item)),
        param("room", "room|from|place|source|where", "房间|从哪里取", "room|where from", ROOM),
        group="grasp",
    ),
    intent(
        "look",
        "look|move head|look at|turn head|set gaze|camera direction",
        "转动头部看某个方向|看向",
        "Turn the head|Look in a direction",
        "转头看",
        """
        (看|看一下|看看){dir}
        [把]头(转向|转到|看){dir}
        [向|往|朝]{dir}看[一看|一下]
        (镜头|摄像头)(转向|对准|转到){dir}
        =你看{dir}
        """,
        "已看向{dir}",
        param("dir", "direction|dir|side|where|view", "方向|看哪边", "direction|where to look",
              Choice(options("左边 left 左边,左侧;右边 right 右边,右侧;上面 up 上面,上方;下面 down 下面,下方;前面 front 前面,前方,正前方;后面 back 后面,身后,后方"))),
        english="""
        look {dir}
        turn your head {dir}
        please look {dir} now
        """,
    ),
    intent(
        "room_go",
        "go to room|robot navigate|move to room|walk to|goto",
        "让机器人去某个房间",
        "Send the robot to a room",
        "去房间",
        """
        [机器人](去|到|走到|移动到){room}[去|来]
        (来|过来){room}[一下|这边]
        =你(去|到){room}(等我|待着|看看)
        让机器人(去|到){room}
        =回{room}[去]
        """,
        "我到{room}了",
        param("room", "room|target|destination|place|location", "房间|去哪个房间", "room|where to go", ROOM),
        group="goto",
        english="""
        go to the {room}
        walk to the {room} please
        move to the {room}
        """,
    ),
    intent(
        "follow",
        "follow person|follow|follow user|track person",
        "跟随某人",
        "Follow a person",
        "跟随",
        """
        (跟着|跟住|跟随|跟上){who}
        跟着{who}走
        =你(跟|跟着){who}
        一直跟着{who}
        =别停，跟着{who}
        """,
        "好的，跟着{who}",
        param("who", "person|who|name|target|user", "人|跟谁", "person|who to follow", Text(strings.contact)),
        english="""
        follow {who}
        keep following {who}
        walk behind {who}
        """,
    ),
    intent(
        "gesture",
        "do gesture|gesture|perform action|play motion|act",
        "做一个动作|表演动作",
        "Do a gesture|Perform a motion",
        "做动作",
        """
        (做|来|表演)[一]个{act}[的动作]
        =给(我|大家)(来|做|表演)个{act}
        {act}一下
        =你会{act}吗，来一个
        (表演|做){act}
        """,
        "{act}做好了",
        param("act", "gesture|action|motion|name|move", "动作|动作名", "gesture|which motion",
              Choice(options("挥手 wave;点头 nod;摇头 shake_head;跳舞 dance;鞠躬 bow;握手 handshake;鼓掌 clap;转圈 spin;敬礼 salute;拥抱 hug;蹲下 squat"), open=True)),
    ),
    intent(
        "stop_all",
        "stop|emergency stop|halt|stop robot|stop motion",
        "立即停止|停止所有动作",
        "Stop at once|Stop all motion",
        "停下",
        """
        =(停|停下|停下来|别动)[别动|马上停]
        =(快|马上|立刻|赶紧)停(下|下来|止)
        =(不要|别)(再|)(动|走)了
        =停止(动作|运动|移动)
        =站住[别动]
        =紧急停止
        """,
        "已停下",
        english="""
        stop [now]
        stop moving
        halt [right now]
        """,
        group="stop",
    ),
    intent(
        "robot_speed",
        "set robot speed|robot speed|walking speed|set velocity",
        "设置机器人速度",
        "Set the robot's speed",
        "设速度",
        """
        [把][行走|移动]速度(调到|设为|设成|改成){speed}
        (走|移动)(快|慢)一点，{speed}
        =你走{speed}(就行|就好)
        以{speed}的速度(走|移动)
        机器人速度{speed}
        """,
        "速度已设为{speed}",
        param(
            "speed", "speed|velocity|mps|rate", "速度|米每秒", "speed|m/s",
            Number(0.1, 2, 0.1, "米每秒", ("米每秒", "m/s"), salt="mps"),
        ),
    ),
    intent(
        "charge",
        "go charge|return to dock|dock|charge robot|go charging",
        "回充电座充电",
        "Go back to the charging dock",
        "回去充电",
        """
        =[你](回去|去|回)(充电|充个电|充电座)[吧]
        =(没电了|电不多了)，(去充电|回去充电)[吧]
        =回充电(桩|座|站)
        =你该充电了
        =机器人(去|回去)充电
        """,
        "我去充电了",
        group="vacuum",
    ),
    intent(
        "photo",
        "take photo|take picture|capture image|snap photo|camera shoot",
        "拍照|拍几张照片",
        "Take photos|Capture pictures",
        "拍照",
        """
        (拍|照){n}[照片|相片]
        给(我|我们|大家|他)(拍|照){n}[照片|相]
        (连拍|拍){n}
        (用相机|用摄像头)拍{n}
        =来，拍{n}
        """,
        "已拍{n}",
        param("n", "count|num|n|photos|amount", "张数|几张", "count|how many", Number(1, 20, 1, "张", salt="photo")),
        english="""
        take {n} photos
        shoot {n} pictures [of us]
        capture {n} photos please
        """,
    ),
    intent(
        "arm",
        "raise arm|set arm height|arm height|lift arm|move arm",
        "抬起手臂到一定高度|调整手臂高度",
        "Raise an arm to a height|Arm height in cm",
        "抬手臂",
        """
        [把]{side}(手|手臂|胳膊)(抬到|举到|升到|放到){h}
        {side}(手|手臂)(抬高|举高|抬)到{h}
        (抬|举)起{side}手到{h}
        将{side}手臂(调到|移到){h}[高|的高度]
        =手太低了，{side}手抬到{h}
        """,
        "{side}手已到{h}",
        param(
            "side", "side|arm|which|hand", "左手或右手|哪只手", "left or right|which arm",
            Choice(options("左 left;右 right")),
        ),
        param(
            "h", "height|height_cm|cm|position", "高度|厘米", "height|centimeters",
            Number(20, 150, 5, "厘米", ("厘米", "cm"), salt="cm"),
        ),
    ),
)

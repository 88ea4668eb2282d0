"""Open strings to be copied: names, places, titles, messages, made-up words. Combinatorial, parted by hash.

Every generator takes a `random.Random` and gives one string; `draw` retries until the string is of the split.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from autoglm_agent.training.sample import Split
from autoglm_agent.training.text.characters import COMMON
from autoglm_agent.training.text.phrases import belongs

SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈"
    "钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤"
)
GIVEN: Final = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚玲桂英华玉萍红建文辉力梅鑫波斌宇浩凯健俊帆帅旭宁龙林欢佳琳雪婷"
    "慧颖倩莹洁璐晨阳晓东海云峰飞鹏志远思源嘉怡欣悦梓涵子轩一诺雨桐浩然若曦天佑语彤可馨诗琪博文昊天乐心瑞安"
    "小美大山新春秋月星光明清泉柳青松竹兰菊莲荷露霜冰雁燕鸿鹤凤"
)
KIN: Final = (
    "妈妈", "爸爸", "老婆", "老公", "爷爷", "奶奶", "外婆", "外公", "姐姐", "哥哥", "弟弟", "妹妹", "儿子", "女儿",
    "舅舅", "姑姑", "阿姨", "叔叔", "老板", "房东", "物业", "班主任", "同事", "闺蜜", "室友", "姥姥", "姥爷", "表哥",
)
TITLES: Final = ("老师", "医生", "师傅", "经理", "阿姨", "叔叔", "先生", "女士", "教练", "主任", "总", "律师", "奶奶")
CITIES: Final = (
    "北京 上海 广州 深圳 杭州 南京 成都 重庆 武汉 西安 天津 苏州 长沙 郑州 青岛 沈阳 大连 厦门 昆明 宁波 福州 合肥 济南 "
    "哈尔滨 长春 石家庄 太原 南昌 贵阳 南宁 海口 三亚 兰州 银川 西宁 拉萨 乌鲁木齐 呼和浩特 无锡 佛山 东莞 珠海 温州 "
    "桂林 丽江 大理 洛阳 扬州 绍兴 嘉兴 烟台 威海 泉州 徐州 常州 香港 澳门 台北 东京 首尔 曼谷 巴黎 伦敦 纽约 悉尼 莫斯科"
).split()
PLACES: Final = (
    "人民公园 火车站 天安门 外滩 西湖 机场 南京路 动物园 科技馆 图书馆 博物馆 市中心 体育馆 购物中心 中心医院 海洋馆 植物园 "
    "儿童乐园 游泳馆 电影院 超市 银行 学校 公司 老家 美术馆 故宫 颐和园 鸟巢 大雁塔 黄鹤楼 春熙路 解放碑 五道口 中关村 "
    "国贸 陆家嘴 虹桥机场 浦东机场 首都机场 北京南站 上海站 广州塔 宽窄巷子 步行街 汽车站 加油站 少年宫 菜市场 奥体中心"
).split()
PLACE_TAILS: Final = (
    "路 街 公园 广场 大厦 小区 医院 学校 小学 中学 餐厅 饭店 酒店 花园 商场 车站 地铁站 大学 书店 咖啡馆 市场 村 镇 湖 山 "
    "桥 寺 门 大道 科技园 体育馆 博物馆 图书馆 幼儿园 停车场 加油站 银行 超市 电影院 游乐园"
).split()
SONGS: Final = (
    "月亮代表我的心 小星星 茉莉花 甜蜜蜜 朋友 两只老虎 友谊地久天长 天空之城 童年 外婆的澎湖湾 让我们荡起双桨 "
    "送别 世上只有妈妈好 我和我的祖国 生日快乐 兰花草 蜗牛与黄鹂鸟 明天会更好 康定情歌 二泉映月 春江花月夜 高山流水 "
    "梁祝 新年好 卖报歌 数鸭子 小燕子 上学歌 阿里山的姑娘 敖包相会"
).split()
SONG_A: Final = "蓝色 夏天的 最后的 遥远的 温柔的 红色 十月的 雨后的 年轻的 我的 你的 春天的 孤独的 沉默的 金色的 旧".split()
SONG_B: Final = "月光 海洋 列车 星空 故事 旅行 风筝 河流 玫瑰 城市 晚风 少年 信 雪 舞会 车站 梦 歌 灯塔 花园 雨伞 蝴蝶".split()
DISHES: Final = (
    "红烧肉 番茄炒蛋 宫保鸡丁 麻婆豆腐 鱼香肉丝 糖醋排骨 清蒸鱼 炸酱面 牛肉面 蛋炒饭 饺子 馄饨 小笼包 酸辣土豆丝 "
    "回锅肉 可乐鸡翅 水煮鱼 烤鸭 春卷 皮蛋瘦肉粥 红豆汤 火锅 炒青菜 煎饼 豆浆 油条 凉皮 热干面 羊肉泡馍 肠粉 米线 汤圆"
).split()
ITEMS: Final = (
    "杯子 毛巾 遥控器 手机 钥匙 书 苹果 香蕉 水瓶 玩具车 积木 球 娃娃 拖鞋 眼镜 雨伞 报纸 快递 盘子 碗 勺子 筷子 纸巾 药盒 "
    "充电器 耳机 帽子 袜子 外套 围巾 铅笔 本子 剪刀 胶带 垃圾袋 牛奶 面包 饼干 酸奶 橙子 梨 西瓜 鸡蛋 盐 酱油 洗衣液 牙膏 "
    "肥皂 电池 灯泡 花瓶 闹钟 台灯 靠垫 毯子 箱子 背包 篮子 小熊 纸箱"
).split()
COLORS: Final = "红色 蓝色 绿色 黄色 白色 黑色 紫色 橙色 粉色 灰色 棕色 银色".split()
_WHEN: Final = "今晚 明天 后天 周末 下午 晚上 中午 一会儿 下周 明早 今天 周五".split()
_DEEDS: Final = (
    "回家吃饭 加班 去接孩子 去看电影 开会 去医院 打球 去爬山 取快递 交作业 去机场 搬家 去超市买菜 做饭 跑步 去钓鱼 看爷爷 "
    "交水电费 浇花 喂猫 遛狗 洗车 吃药 喝水 买蛋糕 收衣服 倒垃圾 写日记 练琴 复习功课 换床单 修自行车 寄信 剪头发"
).split()
_SAYINGS: Final = (
    "我{w}{d}", "{w}记得{d}", "我到了", "我晚点到", "{w}一起{d}吧", "{w}不能{d}了", "路上堵车，晚点到", "生日快乐",
    "我在{p}等你", "帮我带{i}", "{w}在{p}见", "别忘了{d}", "{i}放在{p}了", "我想你了", "{w}你有空吗", "别等我吃饭了",
    "{n}{w}要来", "记得给{n}带{i}", "谢谢你的{i}", "{w}我和{n}{d}",
)
_ENGLISH: Final = (
    "apple banana river stone cloud garden yellow market window silver engine harbor coffee winter summer paper bridge "
    "orange lemon tiger panda dragon rocket signal planet forest island copper velvet marble thunder shadow meadow "
    "pepper falcon hello world good morning see you later happy birthday open house blue sky long road meeting notes "
    "invoice report budget project alpha beta delta customer order number music video travel london paris berlin tokyo"
).split()
_ENGLISH_CITIES: Final = (
    "San Diego|New York|Boston|London|Paris|Beijing|Shanghai|Tokyo|Seattle|Los Angeles|Berlin|Rome|Madrid|Sydney|Toronto|"
    "Chicago|Hong Kong|Singapore|Oslo|Vienna|Dublin|Lisbon|Munich|Miami|Austin|Denver"
).split("|")
_JAPANESE: Final = (
    "こんにちは ありがとう さくら とうきょう ねこ いぬ 会社 株式会社 すし みず はな 山田太郎 鈴木 田中 東京タワー 大阪 京都 "
    "カメラ テレビ ラーメン ホテル コーヒー おはよう 電車 日本語 こんばんは 北海道 富士山"
).split()
_KANA: Final = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわんアイウエオカキクケコサシスセソタナニハマラリルロン"
_ONSETS: Final = "b d f g k l m n p r s t v z br cl dr fl gr kr pl st tr sh ch".split()
_VOWELS: Final = "a e i o u ai or an el in".split()
_COMPANY: Final = "集团 公司 有限公司 工作室 科技 商店 书店 银行 研究所 贸易".split()


def pick(rng: random.Random, items: list[str] | tuple[str, ...] | str) -> str:
    """One item; faster than `rng.choice`."""
    return items[int(rng.random() * len(items))]


def chars(rng: random.Random, low: int, high: int, pool: int = 2900) -> str:
    """A meaningless run of common characters: what teaches to copy anything."""
    count = low + int(rng.random() * (high - low + 1))
    return "".join(COMMON[int(rng.random() * min(pool, len(COMMON)))] for _ in range(count))


def full_name(rng: random.Random) -> str:
    """A surname and one or two given characters."""
    given = pick(rng, GIVEN) + (pick(rng, GIVEN) if rng.random() < 0.65 else "")
    return pick(rng, SURNAMES) + given


def contact(rng: random.Random) -> str:
    """Someone one calls or writes to."""
    draw = rng.random()
    if draw < 0.45:
        return full_name(rng)
    if draw < 0.6:
        return pick(rng, SURNAMES) + pick(rng, TITLES)
    if draw < 0.7:
        return pick(rng, ("小", "老", "阿")) + pick(rng, SURNAMES + GIVEN)
    return pick(rng, KIN)


def place(rng: random.Random) -> str:
    """A place to go to; often made up."""
    draw = rng.random()
    if draw < 0.3:
        return pick(rng, PLACES)
    if draw < 0.4:
        return pick(rng, CITIES) + pick(rng, PLACES)
    if draw < 0.5:
        return full_name(rng) + "家"
    return chars(rng, 1, 3, 1500) + pick(rng, PLACE_TAILS)


def city(rng: random.Random) -> str:
    """A city, now and then one that does not exist."""
    return pick(
        rng, CITIES,
    ) if rng.random() < 0.75 else chars(rng, 1, 2, 1200) + pick(rng, ("市", "县", "州", "镇", "城"))


def english_city(rng: random.Random) -> str:
    """A city of the English-speaking world or made up; now and then with its state."""
    name = pick(rng, _ENGLISH_CITIES) if rng.random() < 0.5 else syllables(rng, 2, 3).title()
    return name + pick(rng, (", CA", ", NY", ", UK", ", TX", ", China", ", WA")) if rng.random() < 0.2 else name


def song(rng: random.Random) -> str:
    """A song's title."""
    draw = rng.random()
    if draw < 0.25:
        return pick(rng, SONGS)
    return pick(rng, SONG_A) + pick(rng, SONG_B) if draw < 0.6 else chars(rng, 2, 6, 1500)


def dish(rng: random.Random) -> str:
    """A dish."""
    return pick(
        rng, DISHES,
    ) if rng.random() < 0.7 else chars(rng, 1, 2, 900) + pick(rng, ("炒肉", "汤", "面", "粥", "饼", "鱼", "豆腐", "饭"))


def item(rng: random.Random) -> str:
    """A thing about the house."""
    draw = rng.random()
    if draw < 0.6:
        return pick(rng, ITEMS)
    return pick(rng, COLORS) + pick(rng, ITEMS) if draw < 0.8 else chars(rng, 2, 3, 1500)


def deed(rng: random.Random) -> str:
    """Something to do or to be reminded of."""
    draw = rng.random()
    if draw < 0.6:
        return pick(rng, _DEEDS)
    if draw < 0.8:
        return pick(rng, ("给{n}打电话", "去{p}", "买{i}", "把{i}还给{n}", "找{n}拿{i}", "带{i}")).format(
            n=contact(rng), p=place(rng), i=item(rng)
        )
    return chars(rng, 3, 7, 1500)


def message(rng: random.Random) -> str:
    """What one writes to somebody."""
    if rng.random() < 0.15:
        return chars(rng, 4, 10, 2000)
    return pick(rng, _SAYINGS).format(
        w=pick(rng, _WHEN), d=pick(rng, _DEEDS), p=pick(rng, PLACES), i=pick(rng, ITEMS), n=contact(rng)
    )


def topic(rng: random.Random) -> str:
    """Something to search for or to hear news of."""
    draw = rng.random()
    if draw < 0.5:
        return pick(rng, (dish(rng) + "的做法", place(rng), song(rng), city(rng) + "美食", item(rng), full_name(rng)))
    return chars(rng, 2, 6, 2500)


def phone_number(rng: random.Random) -> str:
    """A mobile number, or a short one."""
    if rng.random() < 0.3:
        return str(rng.randrange(10_000, 1_000_000))
    return "1" + str(rng.randrange(3_000_000_000, 10_000_000_000))


def syllables(rng: random.Random, low: int = 2, high: int = 3) -> str:
    """A made-up Latin word."""
    count = low + int(rng.random() * (high - low + 1))
    return "".join(pick(rng, _ONSETS) + pick(rng, _VOWELS) for _ in range(count))


def english(rng: random.Random) -> str:
    """A short English string, words known or made up."""
    words = [pick(rng, _ENGLISH) if rng.random() < 0.7 else syllables(rng) for _ in range(1 + int(rng.random() * 3))]
    text = " ".join(words)
    return text.title() if rng.random() < 0.4 else text


def japanese(rng: random.Random) -> str:
    """A short Japanese string."""
    if rng.random() < 0.4:
        return pick(rng, _JAPANESE)
    if rng.random() < 0.3:
        return pick(rng, _JAPANESE) + pick(rng, _JAPANESE)
    return "".join(pick(rng, _KANA) for _ in range(3 + int(rng.random() * 6)))


def company(rng: random.Random) -> str:
    """A company or customer."""
    return chars(rng, 2, 4, 2000) + pick(rng, _COMPANY)


def anything(rng: random.Random) -> str:
    """Any string at all, of any language."""
    draw = rng.random()
    if draw < 0.45:
        return chars(rng, 1, 8)
    if draw < 0.55:
        return company(rng)
    if draw < 0.8:
        return english(rng)
    if draw < 0.9:
        return japanese(rng)
    return "".join(pick(
        rng, "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789-",
    ) for _ in range(3 + int(rng.random() * 6))).strip("-") or "A1"


def draw(make: Callable[[random.Random], str], rng: random.Random, split: Split) -> str:
    """A string of the split; the closed list of kin is for training alone."""
    for _ in range(200):
        text = make(rng)
        if (split == "train" and text in KIN) or (belongs(text, split) and not (split == "eval" and text in KIN)):
            return text
    return chars(rng, 3, 6)

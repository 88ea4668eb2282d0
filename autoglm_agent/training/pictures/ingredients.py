"""The ingredients printed on labels, grouped by what they mean, and the words of product names. Plain data."""

from __future__ import annotations

_GROUPS: dict[str, str] = {
    "water": "水 纯净水 饮用水 矿泉水 苏打水",
    "sugar": "白砂糖 果葡糖浆 葡萄糖 蔗糖 麦芽糖 红糖 冰糖 蜂蜜 麦芽糖浆 葡萄糖浆 黑糖 果糖 焦糖 黄冰糖 枫糖浆 "
    "绵白糖 转化糖浆",
    "sweetener": "木糖醇 赤藓糖醇 阿斯巴甜 安赛蜜 三氯蔗糖 甜菊糖苷 麦芽糖醇 山梨糖醇 罗汉果甜苷 糖精钠 甜蜜素 纽甜 "
    "异麦芽酮糖醇",
    "acid": "柠檬酸 苹果酸 乳酸 酒石酸 醋酸 磷酸 白醋 米醋 陈醋 冰乙酸 富马酸 苹果醋",
    "acidity": "柠檬酸钠 乳酸钠 碳酸氢钠 碳酸氢铵 碳酸钠 磷酸氢二钾 苹果酸钠 乳酸钙 葡萄糖酸内酯",
    "milk": "生牛乳 全脂乳粉 脱脂乳粉 乳清蛋白粉 稀奶油 黄油 奶酪 牛奶 酸奶 乳清粉 生羊乳 奶粉 浓缩乳清蛋白 "
    "酪蛋白酸钠 奶油 无水奶油 炼乳",
    "caffeine": "咖啡因 绿茶粉 红茶粉 茶叶 咖啡粉 速溶咖啡 乌龙茶 普洱茶 茉莉花茶 抹茶粉 咖啡豆 红茶 绿茶 "
    "瓜拉纳提取物 白茶",
    "cocoa": "可可粉 可可脂 可可液块 巧克力 代可可脂 黑巧克力",
    "salt": "食用盐 食盐 海盐 低钠盐 加碘盐",
    "oil": "植物油 大豆油 菜籽油 棕榈油 葵花籽油 花生油 玉米油 橄榄油 芝麻油 椰子油 起酥油 人造奶油 猪油 牛油 "
    "精炼植物油 亚麻籽油 稻米油",
    "cereal": "小麦粉 大米 糯米粉 燕麦 玉米 玉米粉 荞麦 小米 大麦 藜麦 黑米 糯米 全麦粉 麦芽 小麦胚芽 燕麦片 麸皮 "
    "高粱 薏米 青稞 米粉",
    "starch": "马铃薯淀粉 玉米淀粉 木薯淀粉 变性淀粉 食用淀粉 麦芽糊精 小麦淀粉 红薯淀粉 羟丙基淀粉",
    "bean": "大豆 黄豆 绿豆 红豆 黑豆 豌豆 蚕豆 芸豆 大豆蛋白 豆粉 红豆沙 豆腐 豆浆 鹰嘴豆",
    "nut": "花生 核桃仁 杏仁 腰果 开心果 榛子 瓜子仁 芝麻 黑芝麻 夏威夷果 松子仁 板栗 花生酱 碧根果 莲子 南瓜子仁 "
    "亚麻籽 奇亚籽",
    "fruit": "苹果汁 橙汁 柠檬汁 葡萄汁 芒果浆 草莓 蓝莓 菠萝 桃汁 浓缩苹果汁 浓缩橙汁 椰浆 椰肉 山楂 红枣 葡萄干 "
    "蔓越莓干 荔枝汁 "
    "百香果汁 水蜜桃果肉 雪梨汁 西柚汁 火龙果 猕猴桃 香蕉 番石榴汁 酸梅 乌梅 桂圆 枸杞 话梅 石榴汁 西瓜汁 哈密瓜汁 "
    "樱桃 柚子 金桔 杨梅汁 沙棘汁 椰子水 "
    "青梅 无花果",
    "vegetable": "胡萝卜汁 番茄酱 番茄 洋葱 白菜 菠菜 南瓜 紫薯 红薯 马铃薯 香菇 木耳 海带 紫菜 竹笋 黄瓜 莲藕 芹菜 "
    "甜菜根 银耳 山药 萝卜 裙带菜 "
    "金针菇 豆角 青椒 魔芋粉 茄子 豆芽 榨菜",
    "meat": "猪肉 牛肉 鸡肉 鸭肉 羊肉 猪骨汤 牛骨汤 鸡骨 火腿 猪皮 鸭脖 鸡爪 牛肉粉 鸡肉粉",
    "seafood": "鱼肉 虾仁 虾皮 鱿鱼 鳕鱼 三文鱼 金枪鱼 蟹肉 鱼糜 扇贝 干贝 虾粉 鱼油 海苔 带鱼",
    "egg": "鸡蛋 全蛋液 蛋黄粉 鸡蛋白 蛋清粉 鸭蛋 鹌鹑蛋 咸蛋黄",
    "seasoning": "酱油 酿造酱油 蚝油 料酒 味精 鸡精 豆瓣酱 豆豉 甜面酱 黄酒 鱼露 酵母抽提物 谷氨酸钠 腐乳 沙茶酱 "
    "白酒 呈味核苷酸二钠",
    "spice": "辣椒 花椒 八角 桂皮 生姜 大蒜 胡椒粉 孜然 咖喱粉 五香粉 辣椒粉 香叶 小茴香 丁香 黑胡椒 姜黄粉 芥末 "
    "白胡椒 肉豆蔻 陈皮 薄荷 葱 干辣椒 百里香 "
    "迷迭香 罗勒",
    "preservative": "山梨酸钾 苯甲酸钠 脱氢乙酸钠 丙酸钙 双乙酸钠 亚硝酸钠 乳酸链球菌素 焦亚硫酸钠 纳他霉素",
    "colour": "焦糖色 柠檬黄 日落黄 胭脂红 诱惑红 亮蓝 红曲红 栀子黄 甜菜红 叶绿素 胭脂虫红 姜黄素 辣椒红 高粱红 "
    "葡萄皮红 二氧化钛",
    "thickener": "果胶 黄原胶 明胶 瓜尔胶 卡拉胶 琼脂 海藻酸钠 结冷胶 阿拉伯胶 羧甲基纤维素钠 刺槐豆胶 微晶纤维素",
    "emulsifier": "单甘酯 磷脂 蔗糖脂肪酸酯 大豆磷脂 硬脂酰乳酸钠 司盘 聚甘油脂肪酸酯 吐温",
    "flavour": "食用香精 食用香料 香兰素 乙基麦芽酚 香草精 薄荷脑 柠檬香精 草莓香精 牛奶香精 橙味香精",
    "vitamin": "维生素 维生素C 维生素E 烟酰胺 牛磺酸 碳酸钙 乳酸锌 叶酸 肌醇 葡萄糖酸锌 硫酸亚铁 赖氨酸 柠檬酸钙 "
    "左旋肉碱 维生素D 泛酸钙",
    "fibre": "膳食纤维 低聚果糖 菊粉 聚葡萄糖 低聚异麦芽糖 抗性糊精 低聚半乳糖",
    "culture": "乳酸菌 双歧杆菌 嗜热链球菌 酵母 保加利亚乳杆菌 鼠李糖乳杆菌 干酪乳杆菌 酒曲",
    "gas": "二氧化碳 食品级氮气",
    "herb": "菊花 金银花 甘草 人参 罗汉果 决明子 茯苓 桂花 玫瑰花 夏枯草 仙草 葛根粉 茉莉花 燕窝 胶原蛋白肽 阿胶 "
    "黄芪 当归 百合 鱼腥草",
    "antioxidant": "异抗坏血酸钠 抗坏血酸 茶多酚 茶黄素 特丁基对苯二酚 竹叶抗氧化物 迷迭香提取物 植酸",
    "leavening": "泡打粉 小苏打 焦磷酸二氢二钠 硫酸铝钾 磷酸二氢钙",
}
GROUPS: dict[str, tuple[str, ...]] = {name: tuple(words.split()) for name, words in _GROUPS.items()}
GROUP_OF: dict[str, str] = {word: name for name, words in GROUPS.items() for word in words}
INGREDIENTS: tuple[str, ...] = tuple(GROUP_OF)

ADDITIVES = frozenset(
    "sweetener acidity preservative colour thickener emulsifier flavour antioxidant leavening".split()
)

BRANDS: tuple[str, ...] = tuple(
    "清泉 乐享 果乐园 美优 山野 晨光园 小鹿 田园 金麦 海韵 悦活 口口香 乡间 老街 阳光谷 蓝湖 白云 星河 禾木 甜心 "
    "绿野 福满 天然坊 真味 好时光 大地 "
    "雪山 竹海 三月 暖阳 元气谷 麦浪 果然 牧歌 百味 鲜之源 青禾 橙光 知味 晓月".split()
)

CATEGORIES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    # kind of product: (what it is called, names, groups that fit)
    "soft_drink": (
        "饮料",
        tuple(
            "柠檬味饮料 橙味饮料 蜜桃味饮料 葡萄味饮料 荔枝味饮料 草莓味饮料 西瓜味饮料 青梅饮料 百香果饮料 "
            "苹果味饮料".split()
        ),
        tuple("water sugar acid acidity fruit flavour sweetener preservative colour vitamin gas thickener".split()),
    ),
    "juice": (
        "果汁",
        tuple("橙汁 苹果汁 葡萄汁 芒果汁 椰子汁 山楂汁 混合果汁 石榴汁 西柚汁".split()),
        tuple("water fruit sugar acid vitamin thickener antioxidant fibre vegetable".split()),
    ),
    "tea": (
        "茶饮料",
        tuple("绿茶 冰红茶 乌龙茶 茉莉花茶 柠檬茶 蜂蜜柚子茶 凉茶 普洱茶 奶茶".split()),
        tuple("water caffeine sugar acid acidity herb flavour sweetener antioxidant milk".split()),
    ),
    "soda": (
        "汽水",
        tuple("可乐 柠檬汽水 橘子汽水 苏打汽水 无糖可乐 盐汽水".split()),
        tuple("water sugar gas acid colour caffeine flavour sweetener preservative salt".split()),
    ),
    "coffee": (
        "咖啡饮料",
        tuple("拿铁咖啡 美式咖啡 摩卡咖啡 生椰拿铁 冰咖啡".split()),
        tuple("water caffeine milk sugar cocoa emulsifier thickener flavour acidity".split()),
    ),
    "dairy": (
        "乳制品",
        tuple("纯牛奶 酸奶 草莓酸奶 乳酸菌饮品 早餐奶 奶酪棒 高钙奶 黄桃酸奶 羊奶粉".split()),
        tuple("milk sugar culture thickener fruit vitamin flavour fibre sweetener emulsifier".split()),
    ),
    "soy": (
        "植物蛋白饮料",
        tuple("豆奶 核桃露 杏仁露 燕麦奶 花生牛奶 黑芝麻糊 原味豆浆".split()),
        tuple("water bean nut sugar cereal emulsifier thickener vitamin".split()),
    ),
    "biscuit": (
        "饼干",
        tuple("苏打饼干 曲奇饼干 夹心饼干 全麦饼干 威化饼干 消化饼干".split()),
        tuple("cereal sugar oil milk egg leavening salt nut cocoa flavour starch".split()),
    ),
    "bread": (
        "面包糕点",
        tuple("吐司面包 全麦面包 蛋糕 蛋黄酥 月饼 沙琪玛 铜锣烧 肉松面包".split()),
        tuple("cereal sugar egg oil milk leavening salt preservative bean culture".split()),
    ),
    "candy": (
        "糖果",
        tuple("水果糖 牛奶糖 口香糖 棒棒糖 软糖 薄荷糖 牛轧糖 果冻 黑巧克力".split()),
        tuple("sugar sweetener acid thickener colour flavour milk fruit cocoa nut".split()),
    ),
    "snack": (
        "零食",
        tuple("薯片 锅巴 海苔 辣条 爆米花 虾条 每日坚果 雪饼 山楂片 果脯".split()),
        tuple("vegetable oil salt seasoning spice nut starch cereal colour preservative fruit".split()),
    ),
    "noodle": (
        "方便面",
        tuple("红烧牛肉面 老坛酸菜面 海鲜面 香菇鸡肉面 螺蛳粉 酸辣粉".split()),
        tuple("cereal oil salt spice seasoning meat vegetable starch egg acidity seafood".split()),
    ),
    "sauce": (
        "调味品",
        tuple("番茄酱 辣椒酱 生抽酱油 香醋 火锅底料 沙拉酱 豆瓣酱 芝麻酱".split()),
        tuple("salt spice seasoning oil bean sugar acid preservative water vegetable thickener".split()),
    ),
    "meat": (
        "肉制品",
        tuple("火腿肠 牛肉干 午餐肉 鱼豆腐 鸡胸肉 卤鸭脖 蟹味棒".split()),
        tuple("meat seafood starch salt spice seasoning preservative egg colour antioxidant".split()),
    ),
}

HEADERS: tuple[str, ...] = ("配料表", "配料", "配 料", "成分", "原料")
"""What may stand above or before the list, a colon following."""

COMMON_CHARACTERS = (
    "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事其里所去行过"
    "家十用发天如然作方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定见只主没公从开关门左右车红橙"
    "黄绿蓝紫粉黑白灰棕请问北京东西南春夏秋冬早晚安全出口入停电话号路站净含量克毫升保质期个月常温避光储存产品标准"
    "生产日期见喷码营养成分表能量蛋白质脂肪碳水化合物钠每份新鲜特价元买送活动欢迎光临"
)
UI_TEXTS = (
    "净含量：0123456789mlgkgL克毫升%（）()、，。：:·.-/"
    " 保质期：12个月 常温保存 不含防腐剂 新品上市 美味 健康 好喝 酸甜可口 无添加 营养丰富 清爽 浓香"
)

"""Companies and people told by their cues, for those the house does not know yet."""

import re
from collections.abc import Iterator

from intents.understanding import Slot
from intents.wordlist import words

_HAN = r"[\u4e00-\u9fff]"
_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白"
    "邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符"
    "舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗"
    "瞿桂全佟应臧闵苟邬边卞姬師和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝裘闻楼鹿费窦庞寿桓迮麦"
)
_COMPOUND = "欧阳|上官|司马|诸葛|司徒|夏侯|皇甫|慕容|令狐|端木|东方|尉迟"
_SURNAME = rf"(?:{_COMPOUND}|[{_SURNAMES}])"
_TITLE = (
    r"(?:总(?!结|共|价|额|量|数|部|体|是|之|算|计|的|要|会|得|览|账|公司|包|管理|线|单|预算|合同|金额|和|业绩"
    r"|销售)(?:监|裁|经理|工程师)?|副总|经理|主任|工程师|工(?!作|程|厂|单|业|商|期|人|资|具|会|艺|地|序|况|信)"
    r"|老师|院长|董事长|董(?!事)|"
    r"副?处长|处(?![理于方分罚所境女置])|科长|科(?![技学室目研普])|护士长|大夫|专员|协理|副理|襄理"
    r"|队(?![伍列友员形])|厂(?![家房商里子长区址])|[Ss]ir\b|科长|部长|厂长|校长|所长|店长|队长|行长|书记|局长"
    r"|老板|先生|女士|小姐|太太|医生|教授|博士|律师|会计|姐(?!妹)|哥(?!们)|叔|阿姨|师傅|秘书|助理|同学|总监)"
)
_NO_PERSON = (
    rf"(?![查单和成连边管向从时安](?={_SURNAME})|(?<=公)司|(?<=[分主掌])管|(?<=[对双各甲乙我贵])方"
    rf"|(?<=[多感致])谢|(?<=[一现前历])任|(?<=师)傅"
    r"|何处|何时|施工|顾问|全校|全体|全厂|卫健|安排|安全|温差|单下|连工|连带|安装|万一|高级|成功|方便|常规|车队"
    r"|金牌|项目|单位|管理|党委|段子|时候|解决|应该|相关)"
)
"""What begins with a surname and is none: a verb before one (查付姐), the end of another word (公司律师), a whole word."""
_WITHIN_NAME = r"(?:(?![在的了是须经和跟与给把于换嘅哋请让叫找见管下])[\u4e00-\u9fff])"
_TITLED = re.compile(rf"(?<![药住客厨书机汽货卡])(?P<name>{_NO_PERSON}{_SURNAME}{_WITHIN_NAME}{{0,2}}?{_TITLE})")
_COMMON_SURNAME = (
    "[王李张刘陈杨黄赵周吴徐孙马朱胡林郭何罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶苏魏吕丁任沈姚卢姜崔钟谭陆汪范廖贾"
    "庞窦佟冉龚邱覃贺邵秦尹薛阎雷侯陶黎顾郝严莫汤温施樊葛邢齐乔聂岳翟殷詹耿俞阮柯凌裴霍翁骆靳鲍祁滕穆闻卞鹿邝]"
)
_CANTONESE = re.compile(
    rf"(?<![\u4e00-\u9fff])(?P<name>{_COMMON_SURNAME}(?:生(?![产物意活日成效命鲜气病态存动育])|太(?![太阳平极空])))"
)
"""鄧生 and 鄺太, at the start of what is said: in the middle of it 生 ends other words."""
_CALLED = re.compile(
    r"(?<![巴马达东])(?P<name>阿(?![姨里联拉尔根富胶司斯门婆公妈爸哥姐弟妹嫂伯叔叔们爷奶嬷])[\u4e00-\u9fff])"
    r"(?![里巴拉尔斯根])"
)
_FAMILIAR = re.compile(
    rf"(?<![大从古多])(?P<name>[小老]{_COMMON_SURNAME})(?!总|师|虎|实|规|头|区|时|板|工|家|人|于|高|成|万)"
)
_NAMED = re.compile(
    rf"(?:联系人|联络人|对接人|负责人|经办人|采购(?!单)|财务|接口人|收件人|法人|同事|分配给|分给|转给|派给|交给"
    rf"|指派给|改派给|叫)"
    rf"(?:已?经?(?:换成|改成|改为|变成|换为|变更为|是|为|叫)了?|[:：])?\s?(?P<name>{_SURNAME}{_HAN}{{1,2}}?)"
    rf"(?=了|[,，。.;；!！?？\s(（]|电话|手机|微信|邮箱|跟进|负责|来|吧|$|\d|的电话|处理)"
)
_CHANGED = re.compile(
    rf"(?:换成|改成|改为|换为)了?(?P<name>{_SURNAME}{_HAN}{{1,2}}?)(?=了|[,，。;；\s]|电话"
    rf"|手机|$|\d)"
)

_LEGAL_ENDING = (
    r"(?:(?:\(.{1,6}\)|（.{1,6}）)?(?:股份有限公司|有限责任公司|有限公司|股份公司|集团公司|集团|公司|"
    r"医院|研究院|大学|幼儿园|银行|酒店))"
)
_TRADE = (
    r"(?:科技|医疗|制药|药业|实业|机械|器械|物流|贸易|传媒|生物|能源|重工|建材|食品|精密|装备|仪器|股份|控股"
    r"|液压|电气|电器|"
    r"化工|光电|半导体|餐饮|铸造|供应链|诊所|牙科|口腔|医美|小学|中学|职高|师专|疾控|图书馆|信息技术|网络科技"
    r"|软件技术|电子科技|新材料|智能科技)"
)
_CHINESE_COMPANY = re.compile(
    rf"(?P<core>[\u4e00-\u9fffA-Za-z0-9]{{2,14}}?)(?P<ending>{_TRADE}{{0,3}}{_LEGAL_ENDING}|"
    rf"{_TRADE}{{1,3}})(?!\u4e0d存在)"
)
_LEAD_IN = re.compile(
    r"^.*(?:查一下|看一下|看看|看下|查下|新建|创建|新增|录入|处理|列席|送签|建客户|以后|(?:拜访|跑|谈|见|看"
    r"|做)完|换|调(?!味|料)|赴|服务过|建个|加个|线索|客户|商机|单子|拜访了?|联系|对接|关于|记一下|今天|昨天|明天"
    r"|上午|下午|刚跟|刚和|"
    r"一个|一家|一下|这家|那家|那个|这个|哪个|我们是|我们|你们|咱们|他们|我是|这边是|改名叫?|改成|改为|更名为"
    r"|抬头|变成|换成|叫做|叫|给|把|帮我|跟|替|的|了|是|在|"
    r"去|到|从|请|将|让|找|问|与|个|被|做|用|发|说|有|卖|买|对|向|来自|来|选|投|由|等|催|约|见|看|查)"
)
_NO_COMPANY = frozenset(
    words(
        "我们 你们 他们 咱们 贵 我 你 该 本 这家 那家 哪家 一家 两家 几家 别家 上市 竞争 对方 分 子 母 "
        "总 大 小 新 老 其他 其它 外贸 贸易 物流 人工 新能源 客户 供应商 第三方 快递 搬家 保险 银行 软件 "
        "冷链 跨境 中小 国内 国外 海外 集团 广告 装修 传统 互联网 医疗 信息 个人 公司 各 全 某 代理 人民 "
        "附近 私立 公立 三甲 社区 连锁 五星 快捷 民营 上级 下属 系统 客户资料 管理 联系 使用 基本 产品 "
        "发票 开票 这些 哪些 什么 以上 以下 相关 更多 原 旧 电话 敏感 重要 更新 关键 全部 所有 详细 企业 "
        "商业 个 母婴 培训 租赁 运输"
    )
)
_NOT_IN_A_NAME = re.compile(
    r"[的了吗呢吧唔俾佢係喺啊么把要能否可按带我你他她它们都进着没还不这那哪]|[分子母总贵该本各某]$|^(?:同级|隔壁"
    r"|主播|所有|任何|另外?|几|两|多|每)"
)
_FOR_WHOM = re.compile(
    rf"(?:给|为|帮)(?P<name>{_HAN}{{2,6}}?)(?=(?:新?建|开|创建|录|加|立)(?:一?个|一?条|一?笔)?(?:商机|线索|单"
    rf"|客户|项目))"
    rf"|(?:把|将)(?P<deal>{_HAN}{{2,6}}?)(?=(?:那|这)(?:个|一|笔)?(?:单|商机|项目|线索|deal))"
)
_NO_DEAL = frozenset(
    words("客户 我们 你们 他们 刚才 上次 昨天 今天 上面 前面 之前 我 我的 下面 这边 那边 上周 手上 名下 公司")
)

_CAPITAL = r"[A-Z][A-Za-z0-9&'’.-]*[A-Za-z0-9]"
_ENGLISH_ENDING = (
    r"(?:Ltd|Limited|Inc|Incorporated|LLC|LLP|GmbH|Corp|Corporation|Co|Company|PLC|plc|AG|Pty Ltd|"
    r"Pte Ltd|Group|Holdings|BV|B\.V\.|S\.A\.|SA|NV|SARL|SpA)"
)
_ENGLISH_COMPANY = re.compile(
    rf"\b(?P<name>{_CAPITAL}(?: (?:{_CAPITAL}|&|of|and)){{0,4}}?,? {_ENGLISH_ENDING})\b\.?(?![A-Za-z])"
)
_ENGLISH_TRADE = (
    r"(?:Logistics|Foods?|Clinic|Trust|Hardware|Haulage|Vets|Hospital|Hospice|Castings|Freight|Marine|Brothers"
    r"|Bros|Academy|School|College|"
    r"University|Council|Motors|Engineering|Bakery|Hotel|Dental|Pharmacy|Printers|Printing|Tools|Farms?|Dairy"
    r"|Systems|Technologies|"
    r"Solutions|Industries|Electronics|Medical|Foundry|Forge|Mills?|Supplies|Supply|Auto|Noodle|Kitchens?|Donuts"
    r"|Cafe|Desserts?|"
    r"Packaging|Plastics|Textiles|Steel|Metals|Chemicals|Pharma|Bank|Insurance|Estates|Nurseries|Nursery|Gym"
    r"|Library|Museum)"
)
_ENGLISH_TRADING = re.compile(rf"\b(?P<name>{_CAPITAL}(?: {_CAPITAL}){{0,3}} {_ENGLISH_TRADE})\b(?!['’]s [A-Z])")
_ENGLISH_ABOUT = re.compile(
    rf"\b(?:the|that|on|our|this) (?P<name>{_CAPITAL}(?: {_CAPITAL}){{0,2}}?) (?:enquiry|inquiry|order|deal"
    rf"|offer|contract|account|quote|"
    rf"proposal|invoice|job|opportunity|renewal|pipeline|tender)\b"
)
_GIVEN = r"[A-Z][a-zà-ÿ]+(?:-[A-Z][a-zà-ÿ]+)?(?: [A-Z](?:[a-zà-ÿ]+|\.))?"
_FROM = re.compile(
    rf"(?:^|[,:;(–-] ?|\b(?:lead|leads|contact|prospect|with|to|and|call|met|meet|by|is|customer|"
    rf"client|add|log|named|called|for) )"
    rf"(?P<name>{_GIVEN}(?: {_GIVEN})?) (?:from|at|of|over at|with) (?P<company>{_CAPITAL}(?: {_CAPITAL}){{0,3}})"
)
_HONORIFIC = re.compile(
    rf"\b(?P<name>(?:Mr|Mrs|Ms|Miss|Mdm|Madam|Dr|Prof|Councillor|Cllr|Uncle|Auntie|Aunty|Boss|Encik|Cik|Puan|Pak"
    rf"|Ibu|Ah)\.? {_GIVEN}"
    rf"(?: {_GIVEN})?|[A-Z][a-z]+ (?:bhai|ji|san)\b)"
)
_WHOSE_NUMBER = re.compile(
    rf"\b(?P<name>{_GIVEN})['’]s (?:(?:phone|mobile|cell|direct|office) )?(?:number|phone|mobile|cell|email"
    rf"|e-mail|extension|boss)\b"
)
_ENGLISH_NAMED = re.compile(
    rf"\b(?:(?i:assign|hand|give|route|pass|transfer|move|reassign|allot|allocate|forward|go"
    rf"|goes)\b[^.!?\n]{{0,40}}? to|(?:call|"
    rf"meeting|met|lunch|chat|demo|spoke|talked|talk|speak|coffee|session|catch-up)"
    rf"(?: with| to)?|ask for|contact(?: person)?(?: is| is now|:)|follow up with|reach out to|remind|ping|"
    rf"loop in|cc) (?P<name>{_GIVEN}(?: {_GIVEN})?)(?![a-z])"
)
_ENGLISH_FOR = re.compile(
    rf"\b(?:opportunity|deal|lead|quote|proposal|ticket|account|contract|customer|client|pull up|"
    rf"look up|record|history) (?:for |with |at |from |on |called |named |, ?)?"
    rf"(?P<name>{_CAPITAL}(?: {_CAPITAL}){{0,3}})(?:['’]s)?"
    rf"|\b(?P<owner>{_CAPITAL}(?: {_CAPITAL}){{0,2}})['’]s (?:account|record|deal|history|contract|"
    rf"file|profile|pipeline|contacts)"
    rf"|\b(?:move|push|mark|set|change) (?:the )?(?P<deal>{_CAPITAL}(?: {_CAPITAL}){{0,2}})(?= (?:deal|"
    rf"opportunity|to|as|into|lead)\b)"
)
_NO_NAME = frozenset(
    words(
        "the a an i my our your this that new hi hello hey dear thanks thank please can could would "
        "should will what when where who why how is are was it they we he she you and or but not no yes "
        "ok all any some monday tuesday wednesday thursday friday saturday sunday january february march "
        "april may june july august september october november december q1 q2 q3 q4 invoice order quote "
        "contract email mail call note re fwd crm erp sso api sop vat usd cny eur rmb nda sla deal lead "
        "legal finance sales support it hr ceo cfo cto procurement purchasing stage negotiation proposal "
        "qualified won lost closed english chinese china europe us uk eu asia berlin london paris "
        "singapore shanghai beijing christmas today tomorrow next last met tea lunch coffee "
        "dinner meeting demo pull push send "
        "forward show open update log move mark give get create draft write book schedule check "
        "tell ask put add visit make let "
        "kindly pls good great nice sorry urgent attn regards thx dm whatsapp wechat slack line po rfq pdf excel"
    )
)


def find_companies(text: str) -> Iterator[Slot]:
    """Yield companies by legal ending or trade (海川科技, Initech Ltd) or by who a deal is for."""
    for match in _CHINESE_COMPANY.finditer(text):
        yield from _chinese_company(match)
    for match in _FOR_WHOM.finditer(text):
        group = "name" if match["name"] else "deal"
        if match[group] not in _NO_DEAL:
            yield _slot("company", match, group)
    for match in _ENGLISH_COMPANY.finditer(text):
        if match["name"].split()[0].lower() not in _NO_NAME:
            yield _slot("company", match, "name")
    for match in _ENGLISH_TRADING.finditer(text):
        yield from _trading(match)
    for pattern, groups in _ENGLISH_CUES:
        for match in pattern.finditer(text):
            group = next(name for name in groups if match[name])
            if all(_is_name(match[name]) for name in groups if match[name]):
                yield _without_possessive(_slot("company", match, group))


_ENGLISH_CUES = ((_ENGLISH_ABOUT, ("name",)), (_FROM, ("company", "name")), (_ENGLISH_FOR, ("name", "owner", "deal")))


def _chinese_company(match: re.Match[str]) -> Iterator[Slot]:
    lead = _LEAD_IN.match(match["core"])
    skipped = lead.end() if lead else 0
    core = match["core"][skipped:]
    if len(core) >= 2 and core not in _NO_COMPANY and not _NOT_IN_A_NAME.search(core):
        start = match.start() + skipped
        yield Slot("company", match.string[start : match.end()], start, match.string[start : match.end()])


def _trading(match: re.Match[str]) -> Iterator[Slot]:
    """Drop the verb that a sentence begins with: "Move Calder Foods to won"."""
    words_of = match["name"].split()
    skipped = 1 if words_of[0].lower() in _NO_NAME else 0
    if len(words_of) - skipped >= 2 and not any(word.lower() in _NO_NAME for word in words_of[skipped:-1]):
        start = match.start() + (len(words_of[0]) + 1) * skipped
        yield Slot("company", match.string[start : match.end()], start, match.string[start : match.end()])


def find_people(text: str) -> Iterator[Slot]:
    """Yield people by title (王总, Mr Hale), by familiar form (小李) or by cue (联系人换成李敏, assign to Tom)."""
    for pattern in (_TITLED, _FAMILIAR, _CALLED, _CANTONESE, _NAMED, _CHANGED):
        for match in pattern.finditer(text):
            yield _slot("person", match, "name")
    for pattern in (_FROM, _HONORIFIC, _ENGLISH_NAMED, _WHOSE_NUMBER):
        for match in pattern.finditer(text):
            if _is_name(match["name"]):
                yield _slot("person", match, "name")


def _slot(kind: str, match: re.Match[str], group: str) -> Slot:
    return Slot(kind, match[group], match.start(group), match[group])


def _without_possessive(slot: Slot) -> Slot:
    name = re.sub(r"['’]s$", "", slot.text)
    return Slot(slot.type, name, slot.start, name)


def _is_name(words: str) -> bool:
    return not any(word.lower().rstrip(".") in _NO_NAME for word in re.sub(r"['’]s\b", "", words).split())

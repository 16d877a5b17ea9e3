"""What the built-in model knows about words: small closed tables, no data set and no model file.

Every table is general English or Chinese; nothing here is about one API.
"""

from __future__ import annotations


def words_in(table: str) -> list[str]:
    """The words of a table that is written as one text."""
    return table.split()


ABBREVIATIONS: dict[str, str] = {
    "temp": "temperature", "qty": "quantity", "num": "number", "no": "no", "nr": "number", "cnt": "count",
    "lat": "latitude", "lon": "longitude", "lng": "longitude", "long": "long", "loc": "location",
    "dest": "destination", "dst": "destination", "src": "source", "addr": "address", "desc": "description",
    "msg": "message", "amt": "amount", "pct": "percent", "avg": "average", "freq": "frequency", "dur": "duration",
    "dob": "birth", "tel": "phone", "img": "image", "lang": "language", "cat": "cat", "org": "organization",
    "dept": "department", "info": "information", "cfg": "configuration", "config": "configuration",
    "calc": "calculate", "dist": "distance", "vol": "volume", "min": "minimum", "max": "maximum", "mins": "minutes",
    "secs": "seconds", "hrs": "hours", "hr": "hour", "sec": "second", "yr": "year", "yrs": "years", "idx": "index",
    "idxs": "indexes", "pos": "position", "prev": "previous", "cur": "current", "curr": "current", "init": "initial",
    "params": "parameters", "param": "parameter", "stats": "statistics", "stat": "statistic", "lib": "library",
    "auth": "authentication", "txt": "text", "pic": "picture", "pics": "pictures", "photo": "photo",
    "vel": "velocity", "accel": "acceleration", "cond": "condition", "acct": "account", "ref": "reference",
    "uid": "user", "usr": "user", "pwd": "password", "passwd": "password", "todos": "todo", "seq": "sequence",
    "proj": "project", "ad": "ad", "ads": "ads", "attr": "attribute", "attrs": "attributes", "db": "database",
    "env": "environment", "exp": "exp", "vs": "versus", "approx": "approximate", "est": "estimate",
    "coef": "coefficient", "coeff": "coefficient", "var": "variable", "vars": "variables", "spec": "specification",
    "specs": "specifications", "gen": "gen", "ppl": "people", "apt": "apartment", "mgmt": "management",
}  # fmt: skip


def _phrases_in(table: str) -> list[str]:
    return [" ".join(phrase.split()) for phrase in table.split(";")]


COMPOUNDS: dict[str, str] = {
    "".join(pair.split()): pair
    for pair in _phrases_in(
        """
        user name; file name; first name; last name; full name; hotel name; zip code; post code; time zone;
        check in; check out; phone number; start date; end date; birth date; due date; email address; page
        size; sort by; order by; item id; user id; pet id; key word; web site; data set; data base; home
        page; time stamp; time frame; host name; display name; nick name; order id; post id; movie id; team
        name; game name; room type; start time; end time; birth day; country code; city name; top n; body
        weight; play list; back ground; head line; movie name; song name; book title
        """
    )
}
"""Identifiers that are written as one word."""

SYNONYMS: tuple[str, ...] = (
    "price cost fee fare charge_price",
    "buy purchase purchas",
    "event meeting appointment calendar",
    "schedule arrange timetable",
    "movie film films",
    "picture image photo photograph",
    "begin start starting origin beginning departure depart initial source commence",
    "end ending destination arrival arrive finish final terminate",
    "count amount quantity",
    "author writer",
    "job occupation profession career",
    "phone telephone mobile cellphone",
    "mail email e-mail",
    "delete remove erase discard drop",
    "create add make insert generate new register compose",
    "update modify change edit alter adjust revise",
    "get retrieve fetch obtain show display give find look lookup search tell list provide see view check",
    "calculate compute determine figure evaluat solv work_out",
    "predict forecast estimate project_forward projection prognos",
    "convert transform translate_unit turn conversion",
    "book reserve booking reservation",
    "send post_message deliver transmit",
    "speed velocity",
    "weight mass heavy weigh",
    "height tall altitude elevation",
    "length long",
    "width wide",
    "depth deep",
    "age old",
    "duration period span timeframe",
    "customer client patron buyer",
    "user account member",
    "person individual people human",
    "team club squad",
    "city town municipality",
    "country nation",
    "place location spot",
    "game match",
    "song track tune",
    "language tongue",
    "keyword term",
    "title name",
    "kind type category variety",
    "message text body content",
    "comment remark note",
    "task todo to-do reminder remind",
    "maximum most highest upper",
    "minimum least lowest lower",
    "increase grow growth rise",
    "ingredient food",
    "doctor physician",
    "disease illness",
    "medicine medication drug",
    "car vehicle automobile",
    "shop store shopping",
    "salary wage pay",
    "company business corporation firm enterprise",
    "employee staff worker",
    "colour color",
    "shape form",
    "rate ratio",
    "radius radii",
    "area region zone",
    "temperature temperatur",
    "gender sex",
    "house home residence",
    "flight airplane plane",
    "hotel accommodation lodging",
    "guest visitor",
    "adult grown-up",
    "child kid",
    "near nearby nearest closest close",
    "summary summarize summariz summarise",
    "identifier id identification",
    "restaurant diner eatery",
    "recipe dish",
    "lawsuit case",
    "verse line",
    "rank ranking position",
    "statistic statistical",
    "mode method way technique approach",
    "transport transportation transit",
    "goal objective target",
    "result outcome",
    "toss flip roll",
    "favourite favorite favorit",
    "order purchase_order",
    "pet animal",
    "reply answer respond response",
    "priority urgent urgency",
    "complete done finished completed",
    "cancel abort revoke",
)
"""Each line one concept; the first word is its head. Words are stemmed when read, so plurals need no entry."""

DETERMINERS = frozenset(
    words_in(
        """
    a an the this that these those my your his her its our their some any each every all both
    """
    )
)
PREPOSITIONS = frozenset(
    words_in(
        """
    of in on at to from for with without by about into onto over under between among through during before
    after within across near around along against via per as than above below until till since toward towards
    inside outside like using regarding concerning up down off out based including except excluding upon
    beyond
    """
    )
)
CONJUNCTIONS = frozenset(
    words_in(
        """
    and or but nor so yet if when while where because whether then also plus versus
    """
    )
)
PRONOUNS = frozenset(
    words_in(
        """
    i me you he him she it we us they them myself yourself itself who whom whose which what how why there
    here i'm i'd i've i'll it's that's what's who's where's how's let's you're we're they're one ones someone
    anyone something anything everything nothing
    """
    )
)
AUXILIARIES = frozenset(
    words_in(
        """
    is are was were be been being am do does did done doing have has had having can could will would shall
    should may might must need needs want wants wanted like please kindly don't doesn't didn't can't won't
    isn't aren't wouldn't couldn't shouldn't let lets gonna wanna i'd got
    """
    )
)
ADVERBS = frozenset(
    words_in(
        """
    just only very too really quite also now currently again still already please not no yes exactly
    approximately about around roughly nearly almost much many more most less least few lot lots how ever
    never always say respectively each together first finally lastly next moreover additionally furthermore
    then well-shuffled given such same other another else
    """
    )
)
VERBS = frozenset(
    words_in(
        """
    find get give show tell calculate compute determine retrieve fetch search look provide list check
    identify generate create make add delete remove update change modify set book reserve order buy purchase
    send play convert predict estimate analyze analyse compare evaluate solve sort count measure schedule
    plan help know see view display describe explain translate recommend suggest locate obtain return draw
    write read open close start stop cancel track monitor manage perform conduct run execute apply use used
    using considering consider assume assuming containing contain take takes taking taken going go goes
    travel traveling living live lives working work works called named titled placed located based produced
    made played invested bought sold rolled raised multiplied divided drawn held written composed released
    published compute figure assess simulate optimize design build implement train detect download upload
    share submit rent hire visit eat drink cook prepare bake learn teach study ask answer respond reply post
    publish print save store keep mark move copy turn switch enable disable activate deactivate want need
    like wish prefer love interested looking trying starting ending beginning finishing moving accelerating
    traveling travelling carrying having being getting requesting gather collect examine investigate inspect
    review validate verify confirm assign allocate put drop bring request access enter fill include exclude
    including excluding spend pay log sign register subscribe unsubscribe follow unfollow invite join leave
    remind notify alert pull push fetch extract enlist pick select choose filter summarize forecast won win
    wins happened occurred happen occur does happen specify specified desired required
    """
    )
)
ING_NOUNS = frozenset(
    words_in(
        """
        learning engineering banking mining training marketing processing building gaming programming shipping clothing
        housing trading funding lighting testing swimming running cooking painting meeting wedding thing morning evening
        spring string rating ranking setting reading writing parking meaning beginning ending
        """
    )
)
QUESTION_WORDS = frozenset(
    words_in(
        """
    what which who whom whose where when why how what's who's where's
    """
    )
)
FUNCTION_WORDS = DETERMINERS | PREPOSITIONS | CONJUNCTIONS | PRONOUNS | AUXILIARIES | ADVERBS
GENERIC_CUES = frozenset(
    words_in(
        """
    value name type number input parameter string list array object specific specify specified given provide
    default optional required format example e.g i.e etc set desired want get retrieve find boolean integer
    float true false indicate flag whether used use determine calculate return returned option possible
    include included information data detail details field item particular current unit units
    """
    )
)
"""Words that stand in every second parameter description, so they say little about which value belongs there."""

NEGATIONS = frozenset(
    words_in(
        """
    no not without don't doesn't dont never exclude excluding except skip ignore ignoring omit disable
    disabled off non neither nor avoid isn't aren't won't
    """
    )
)
AFFIRMATIONS = frozenset(
    words_in(
        """
    include including includes included with consider considering enable enabled on yes also show plus along
    add want need require requires must should have has having as allow allowing only
    """
    )
)

# unit -> (dimension, factor to the dimension's base unit); names are stems or symbols as written
UNITS: dict[str, tuple[str, float]] = {}


def _units(dimension: str, table: str) -> None:
    for entry in table.split(";"):
        factor, names = entry.split(":")
        for name in names.split():
            UNITS[name] = (dimension, float(factor))


_units(
    "length",
    """
    1:meter metre m 米 公尺; 1000:kilometer kilometre km 公里 千米; 0.01:centimeter centimetre cm 厘米;
    0.001:millimeter millimetre mm 毫米; 1e-6:micrometer micron μm; 1e-9:nanometer nm; 1609.344:mile mi
    英里; 0.3048:foot ft feet 英尺; 0.0254:inch in" 英寸; 0.9144:yard yd; 9.4607e15:lightyear light-year
    """,
)
_units(
    "time",
    """
    1:second sec s 秒; 60:minute min 分钟; 3600:hour hr h 小时 钟头; 86400:day 天 日; 604800:week 周 星期;
    2629800:month 个月 月; 31557600:year yr 年; 315576000:decade; 3155760000:century; 0.001:millisecond ms
    毫秒
    """,
)
_units(
    "mass",
    """
    1:kilogram kg kilo 公斤 千克; 0.001:gram g 克; 1e-6:milligram mg; 0.45359237:pound lb lbs 磅;
    0.028349523125:ounce oz; 1000:ton tonne 吨; 0.5:斤
    """,
)
_units("temperature", "1:celsius °c ℃ 摄氏度;1:fahrenheit °f ℉ 华氏度;1:kelvin k;1:degree ° 度")
_units(
    "money",
    """
    1:dollar usd $ us$ buck; 1:euro eur €; 1:gbp £ sterling; 1:yuan cny rmb ¥ 元 块 人民币; 1:yen jpy 日元;
    1:cent; 1:rupee inr; 1:美元; 1:欧元; 1:英镑
    """,
)
_units("speed", "1:m/s mps;0.277777778:km/h kph kmh;0.44704:mph;0.514444:knot")
_units("acceleration", "1:m/s^2 m/s² m/s2")
_units("energy", "1:joule j;1000:kj kilojoule;4.184:calorie cal;4184:kcal kilocalorie;3600000:kwh;1.602e-19:ev")
_units("power", "1:watt w;1000:kw kilowatt;1000000:mw megawatt;745.7:horsepower hp")
_units("current", "1:ampere amp a;0.001:ma milliampere")
_units("voltage", "1:volt v;1000:kv")
_units("resistance", "1:ohm ω")
_units("charge", "1:coulomb c;1e-6:microcoulomb μc;1e-9:nc")
_units("force", "1:newton n")
_units("pressure", "1:pascal pa;1000:kpa;101325:atm atmosphere;100000:bar;6894.76:psi;133.322:mmhg")
_units("frequency", "1:hertz hz;1000:khz;1000000:mhz;1000000000:ghz")
_units(
    "volume",
    """
    1:liter litre l 升; 0.001:milliliter millilitre ml 毫升; 3.78541:gallon gal; 1000:m^3 m³; 0.236588:cup;
    0.0147868:tablespoon tbsp; 0.00492892:teaspoon tsp
    """,
)
_units("area", "1:m^2 m² sqm 平方米 平米;0.092903:sqft;4046.86:acre;10000:hectare;1000000:km^2 km²")
_units("data", "1:byte b;1000:kb kilobyte;1000000:mb megabyte;1000000000:gb gigabyte;1e12:tb terabyte")
_units("angle", "1:degrees deg;57.2958:radian rad")
_units("tempo", "1:bpm")
_units("percent", "1:% percent percentage 百分比")
_units("amount", "1:mole mol")
_units("illuminance", "1:lux")

COMPOUND_UNITS: dict[str, str] = {
    "meters per second": "m/s", "metres per second": "m/s", "meter per second": "m/s", "meters/second": "m/s",
    "meter/second": "m/s", "meters/second^2": "m/s^2", "meters per second squared": "m/s^2",
    "meters per second square": "m/s^2", "kilometers per hour": "km/h", "miles per hour": "mph",
    "kilometres per hour": "km/h", "square meters": "m^2", "square metres": "m^2", "square meter": "m^2",
    "square feet": "sqft", "square foot": "sqft", "cubic meters": "m^3", "cubic meter": "m^3",
    "square kilometers": "km^2", "beats per minute": "bpm", "light years": "lightyear", "light year": "lightyear",
    "degrees celsius": "celsius", "degree celsius": "celsius", "degrees fahrenheit": "fahrenheit",
    "degree fahrenheit": "fahrenheit", "us dollars": "usd", "british pounds": "gbp", "per cent": "percent",
}  # fmt: skip

DIMENSION_WORDS: dict[str, str] = {
    "price": "money", "salary": "money", "budget": "money", "investment": "money", "deposit": "money",
    "principal": "money", "payment": "money", "income": "money", "revenue": "money", "profit": "money",
    "balance": "money", "loan": "money", "dividend": "money", "payout": "money", "asset": "money", "debt": "money",
    "money": "money", "cash": "money", "tax": "money", "expense": "money", "invest": "money", "liability": "money",
    "earn": "money", "donat": "money", "capital": "money", "mortgage": "money",
    "distance": "length", "length": "length", "height": "length", "width": "length", "radius": "length",
    "depth": "length", "perimeter": "length", "diameter": "length", "displacement": "length", "wavelength": "length",
    "weight": "mass", "mass": "mass", "speed": "speed", "acceleration": "acceleration",
    "duration": "time", "time": "time", "age": "time", "tim": "time", "term": "time",
    "temperature": "temperature", "temperatur": "temperature", "voltage": "voltage", "current": "current",
    "resistance": "resistance", "resistanc": "resistance", "frequency": "frequency", "pressure": "pressure",
    "energy": "energy", "force": "force", "charge": "charge", "volume": "volume", "area": "area",
    "angle": "angle", "rate": "percent", "percentage": "percent", "percent": "percent", "yield": "percent",
    "interest": "percent", "discount": "percent", "tempo": "tempo", "power": "power", "probability": "percent",
}  # fmt: skip
"""Concept in a parameter's name -> the dimension its values usually have."""

# ---- by meaning -----------------------------------------------------------------------------------------------

CURRENCIES: dict[str, str] = {
    "us dollar": "USD", "us dollars": "USD", "dollar": "USD", "dollars": "USD", "american dollars": "USD",
    "usd": "USD", "euro": "EUR", "euros": "EUR", "eur": "EUR", "british pound": "GBP", "british pounds": "GBP",
    "pounds sterling": "GBP", "gbp": "GBP", "japanese yen": "JPY", "yen": "JPY", "jpy": "JPY", "yuan": "CNY",
    "chinese yuan": "CNY", "rmb": "CNY", "renminbi": "CNY", "cny": "CNY", "canadian dollars": "CAD",
    "canadian dollar": "CAD", "cad": "CAD", "australian dollars": "AUD", "australian dollar": "AUD", "aud": "AUD",
    "swiss francs": "CHF", "swiss franc": "CHF", "chf": "CHF", "indian rupees": "INR", "indian rupee": "INR",
    "rupees": "INR", "inr": "INR", "korean won": "KRW", "krw": "KRW", "mexican pesos": "MXN", "mxn": "MXN",
    "brl": "BRL", "brazilian reais": "BRL", "russian rubles": "RUB", "rubles": "RUB", "rub": "RUB",
    "hong kong dollars": "HKD", "hkd": "HKD", "singapore dollars": "SGD", "sgd": "SGD", "bitcoin": "BTC",
    "swedish krona": "SEK", "norwegian krone": "NOK", "danish krone": "DKK", "turkish lira": "TRY",
    "new zealand dollars": "NZD", "south african rand": "ZAR", "thai baht": "THB",
}  # fmt: skip

LANGUAGES: dict[str, str] = {
    "english": "en", "chinese": "zh", "mandarin": "zh", "french": "fr", "german": "de", "spanish": "es",
    "italian": "it", "japanese": "ja", "korean": "ko", "portuguese": "pt", "russian": "ru", "arabic": "ar",
    "hindi": "hi", "dutch": "nl", "swedish": "sv", "turkish": "tr", "polish": "pl", "greek": "el", "hebrew": "he",
    "thai": "th", "vietnamese": "vi", "indonesian": "id", "danish": "da", "finnish": "fi", "norwegian": "no",
    "czech": "cs", "ukrainian": "uk", "latin": "la",
}  # fmt: skip

COUNTRIES: dict[str, str] = {
    "china": "CN", "united states": "US", "usa": "US", "u.s.": "US", "america": "US", "united kingdom": "GB",
    "uk": "GB", "britain": "GB", "england": "GB", "germany": "DE", "france": "FR", "spain": "ES", "italy": "IT",
    "japan": "JP", "south korea": "KR", "korea": "KR", "india": "IN", "brazil": "BR", "canada": "CA",
    "australia": "AU", "mexico": "MX", "russia": "RU", "netherlands": "NL", "sweden": "SE", "norway": "NO",
    "denmark": "DK", "finland": "FI", "poland": "PL", "portugal": "PT", "greece": "GR", "turkey": "TR",
    "switzerland": "CH", "austria": "AT", "belgium": "BE", "ireland": "IE", "egypt": "EG", "south africa": "ZA",
    "nigeria": "NG", "kenya": "KE", "argentina": "AR", "chile": "CL", "colombia": "CO", "peru": "PE",
    "thailand": "TH", "vietnam": "VN", "indonesia": "ID", "malaysia": "MY", "singapore": "SG",
    "philippines": "PH", "new zealand": "NZ", "israel": "IL", "saudi arabia": "SA", "ukraine": "UA",
    "taiwan": "TW", "hong kong": "HK", "iceland": "IS", "czech republic": "CZ", "hungary": "HU",
}  # fmt: skip

ENUM_MEANINGS: tuple[str, ...] = (
    "asc ascending increasing up oldest cheapest smallest 升序 从小到大 从低到高 正序",
    "desc descending decreasing down newest latest highest largest 降序 从大到小 从高到低 倒序",
    "celsius metric c °c centigrade 摄氏 摄氏度 公制",
    "fahrenheit imperial f °f 华氏 华氏度 英制",
    "male man m boy men males 男 男性 男的 公",
    "female woman f girl women females 女 女性 女的 母",
    "available free purchasable 可用 可售 可购买 在售 有空 空闲",
    "pending waiting unprocessed 待处理 待定 等待 待售 处理中",
    "sold bought 已售 卖出 已卖 卖掉 售出",
    "completed complete done finished closed 完成 已完成 做完 结束 办完",
    "open active unfinished incomplete 打开 未完成 进行中 开放 没完成",
    "cancelled canceled 取消 已取消",
    "low lowest minor unimportant 低 最低 不急",
    "medium normal moderate average 中 普通 中等",
    "high highest important 高 最高 重要",
    "urgent critical asap 紧急 加急",
    "daily day days 每天 每日 日 按天",
    "weekly week weeks 每周 周 按周",
    "monthly month months 每月 月 按月",
    "yearly annual annually year years 每年 年 按年",
    "hourly hour hours 每小时 小时 按小时",
    "car driving drive automobile 开车 驾车 自驾",
    "walking walk foot 步行 走路",
    "cycling bicycle bike bicycling biking 骑车 骑行 自行车",
    "transit public bus subway metro 公交 地铁 公共交通",
    "true yes on enabled 是 开 开启 打开",
    "false no off disabled 否 关 关闭",
    "all every any 全部 所有",
    "public everyone open 公开",
    "private secret hidden 私有 私密 私人",
    "dog puppy 狗 小狗 犬",
    "cat kitten 猫 小猫 猫咪",
    "bird parrot 鸟 鸟类",
    "fish 鱼",
    "english en 英语 英文",
    "chinese zh 中文 汉语",
    "french fr 法语 法文",
    "german de 德语 德文",
    "spanish es 西班牙语 西语",
    "japanese ja 日语 日文",
    "korean ko 韩语",
    "russian ru 俄语",
    "small s 小 小号 小杯 小份",
    "large l big 大 大号 大杯 大份",
    "email mail 邮件 电邮",
    "phone call telephone 电话",
    "sms text 短信",
    "red 红 红色",
    "blue 蓝 蓝色",
    "green 绿 绿色",
    "black 黑 黑色",
    "white 白 白色",
    "yellow 黄 黄色",
    "km kilometers kilometer kilometres 公里 千米",
    "miles mile mi 英里",
    "meters meter m metres 米",
    "kg kilogram kilograms kilos 公斤 千克",
    "lbs pounds pound lb 磅",
    "monday mon 周一 星期一",
    "tuesday tue 周二 星期二",
    "wednesday wed 周三 星期三",
    "thursday thu 周四 星期四",
    "friday fri 周五 星期五",
    "saturday sat 周六 星期六",
    "sunday sun 周日 星期天 星期日",
    "credit_card credit 信用卡",
    "cash 现金",
    "one_way one-way 单程",
    "round_trip round-trip return 往返",
    "economy 经济舱",
    "business 商务舱",
    "first 头等舱",
    "single 单人",
    "double 双人",
)
"""Words that mean the same as a choice of a closed set."""

DEMONYMS: dict[str, str] = {
    "american": "United States", "british": "United Kingdom", "english": "England", "french": "France",
    "german": "Germany", "italian": "Italy", "spanish": "Spain", "chinese": "China", "japanese": "Japan",
    "korean": "South Korea", "indian": "India", "russian": "Russia", "canadian": "Canada", "mexican": "Mexico",
    "brazilian": "Brazil", "australian": "Australia", "dutch": "Netherlands", "swedish": "Sweden",
    "norwegian": "Norway", "danish": "Denmark", "finnish": "Finland", "polish": "Poland", "greek": "Greece",
    "turkish": "Turkey", "egyptian": "Egypt", "irish": "Ireland", "swiss": "Switzerland", "austrian": "Austria",
    "belgian": "Belgium", "portuguese": "Portugal", "thai": "Thailand", "vietnamese": "Vietnam",
    "argentine": "Argentina", "roman": "Rome", "ukrainian": "Ukraine", "israeli": "Israel",
}  # fmt: skip
US_CITIES: dict[str, str] = {
    city.replace("_", " "): state
    for state, cities in {
        "NY": "new_york new_york_city buffalo manhattan brooklyn", "CA": "los_angeles san_francisco san_diego san_jose "
        "sacramento oakland fresno berkeley palo_alto santa_monica anaheim", "IL": "chicago springfield",
        "TX": "houston dallas austin san_antonio fort_worth el_paso", "AZ": "phoenix tucson",
        "PA": "philadelphia pittsburgh",
        "FL": "miami orlando tampa jacksonville", "WA": "seattle spokane", "CO": "denver boulder",
        "MA": "boston cambridge",
        "NV": "las_vegas reno", "OR": "portland", "GA": "atlanta", "MI": "detroit", "MN": "minneapolis", "OH":
        "columbus cleveland cincinnati", "TN": "nashville memphis", "LA": "new_orleans", "MO": "kansas_city st._louis",
        "NC": "charlotte raleigh", "IN": "indianapolis", "WI": "milwaukee", "MD": "baltimore", "UT": "salt_lake_city",
        "DC": "washington", "OK": "oklahoma_city", "NM": "albuquerque", "HI": "honolulu", "KY": "louisville",
        "NE": "omaha", "VA": "richmond", "AK": "anchorage",
    }.items()
    for city in cities.split()
}  # fmt: skip
"""For parameters that say "city and state, e.g. San Francisco, CA"."""
WORLD_CITIES = frozenset(
    city.replace("_", " ")
    for city in words_in(
        """
        london paris berlin madrid rome tokyo beijing shanghai sydney melbourne toronto vancouver montreal moscow dubai
        singapore hong_kong seoul mumbai delhi new_delhi bangalore istanbul cairo amsterdam brussels vienna zurich
        geneva
        stockholm oslo copenhagen helsinki dublin lisbon barcelona milan venice florence naples athens prague budapest
        warsaw munich frankfurt hamburg manchester liverpool edinburgh glasgow birmingham osaka kyoto bangkok hanoi
        jakarta manila kuala_lumpur taipei shenzhen guangzhou chengdu hangzhou wuhan nanjing xi'an tianjin chongqing
        nairobi lagos johannesburg cape_town casablanca rio_de_janeiro sao_paulo são_paulo buenos_aires santiago lima
        bogota mexico_city havana auckland wellington tel_aviv jerusalem doha riyadh kiev kyiv nyc la lyon
        marseille nice
        seville valencia porto krakow 北京 上海 广州 深圳 杭州 成都 武汉 南京 西安 天津 重庆 苏州 巴黎 伦敦 东京
        纽约 柏林 罗马
        首尔 香港 台北 厦门 青岛 大连 长沙 郑州 昆明 三亚 桂林 哈尔滨 沈阳 济南 福州 合肥 宁波 无锡 拉萨
        澳门 新加坡 悉尼
        莫斯科 曼谷 大阪 京都 旧金山 洛杉矶 芝加哥 波士顿 西雅图 马德里 米兰 维也纳 多伦多 迪拜 华盛顿 温哥华 墨尔本
        """
    )
)
US_STATES = frozenset(
    state.replace("_", " ")
    for state in words_in(
        """
        alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois
        indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri
        montana nebraska nevada new_hampshire new_jersey new_mexico new_york north_carolina north_dakota ohio oklahoma
        oregon pennsylvania rhode_island south_carolina south_dakota tennessee texas utah vermont virginia washington
        west_virginia wisconsin wyoming
        """
    )
)
PLACES = US_STATES | WORLD_CITIES | frozenset(US_CITIES) | frozenset(COUNTRIES)
SPARE_ADJECTIVES = frozenset(
    words_in(
        """
        closest nearest best top latest newest upcoming current average total new good great popular recent famous free
        cheap cheapest available full complete detailed specific different various other last next
        """
    )
)
"""Dropped at the edge of a phrase: they say which, not what."""
KINDS_OF_VALUES = frozenset(
    words_in(
        """
        city state country region street address location name email phone zip zipcode neighborhood province county town
        url id number date time year month day latitude longitude coordinates title description text file path username
        """
    )
)
KNOWN_VALUES: dict[str, tuple[str, ...]] = {
    name: tuple(value.replace("_", " ") for value in values.split())
    for names, values in {
        "color": "red blue green yellow black white orange purple pink brown gray grey gold silver cyan magenta beige",
        "gender": "male female man woman",
        "season": "spring summer autumn fall winter",
        "cuisine": "italian chinese japanese indian mexican thai french korean vietnamese greek spanish american "
        "mediterranean sushi seafood vegetarian vegan pizza",
        "diet": "vegetarian vegan gluten-free gluten_free keto paleo halal kosher low-carb dairy-free",
        "dietary": "vegetarian vegan gluten-free gluten_free keto paleo halal kosher low-carb dairy-free",
        "transport": "train bus car bike bicycle walking subway taxi plane ferry tram",
        "transportation": "train bus car bike bicycle walking subway taxi plane ferry tram",
        "fuel": "gas gasoline diesel petrol electric electricity hybrid hydrogen",
        "continent": "africa asia europe north_america south_america antarctica oceania australia",
        "genre": "rock pop jazz classical hip_hop rap country blues metal folk electronic reggae comedy drama horror "
        "action thriller romance science_fiction sci-fi fantasy mystery documentary animation adventure fiction",
        "platform": "pc xbox playstation ps4 ps5 switch nintendo_switch facebook twitter instagram youtube tiktok "
        "linkedin steam android ios netflix spotify amazon",
        "weekday": "monday tuesday wednesday thursday friday saturday sunday",
        "sport": "football soccer basketball baseball tennis golf hockey cricket rugby volleyball swimming boxing",
        "instrument": "piano guitar violin drums flute saxophone trumpet cello clarinet harp",
    }.items()
    for name in names.split()
}
"""Concept of a parameter's name -> values that everybody expects there."""
TIMES_A_YEAR: dict[str, int] = {
    "annually": 1, "yearly": 1, "semiannually": 2, "semi-annually": 2, "quarterly": 4, "monthly": 12, "weekly": 52,
    "daily": 365,
}  # fmt: skip
CHINESE_COUNTRIES: dict[str, str] = {
    "中国": "CN", "美国": "US", "英国": "GB", "法国": "FR", "德国": "DE", "日本": "JP", "韩国": "KR", "俄罗斯": "RU",
    "意大利": "IT", "西班牙": "ES", "加拿大": "CA", "澳大利亚": "AU", "印度": "IN", "巴西": "BR", "墨西哥": "MX",
    "荷兰": "NL", "瑞士": "CH", "瑞典": "SE", "挪威": "NO", "丹麦": "DK", "芬兰": "FI", "波兰": "PL", "葡萄牙": "PT",
    "希腊": "GR", "土耳其": "TR", "奥地利": "AT", "比利时": "BE", "爱尔兰": "IE", "埃及": "EG", "南非": "ZA",
    "泰国": "TH", "越南": "VN", "印度尼西亚": "ID", "印尼": "ID", "马来西亚": "MY", "菲律宾": "PH", "新西兰": "NZ",
    "以色列": "IL", "乌克兰": "UA", "阿根廷": "AR", "智利": "CL", "捷克": "CZ", "匈牙利": "HU", "冰岛": "IS",
}  # fmt: skip
CHINESE_CURRENCIES: dict[str, str] = {
    "美元": "USD", "美金": "USD", "欧元": "EUR", "英镑": "GBP", "日元": "JPY", "人民币": "CNY", "港币": "HKD",
    "港元": "HKD", "韩元": "KRW", "加元": "CAD", "澳元": "AUD", "瑞士法郎": "CHF", "卢布": "RUB", "卢比": "INR",
    "新加坡元": "SGD", "泰铢": "THB", "挪威克朗": "NOK", "瑞典克朗": "SEK", "丹麦克朗": "DKK", "土耳其里拉": "TRY",
}  # fmt: skip
CHINESE_LANGUAGES: dict[str, str] = {
    "英语": "en", "英文": "en", "中文": "zh", "汉语": "zh", "法语": "fr", "法文": "fr", "德语": "de", "德文": "de",
    "日语": "ja", "日文": "ja", "韩语": "ko", "西班牙语": "es", "俄语": "ru", "意大利语": "it", "葡萄牙语": "pt",
    "阿拉伯语": "ar",
}  # fmt: skip

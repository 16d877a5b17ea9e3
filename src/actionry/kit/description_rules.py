"""What a description should not say, as data: patterns in English and Chinese for each rule of the sources (DX-04, DX-05).

A description tells what an API does. It must not say how the model should feel or word things, when to push itself
forward, or by which words it is summoned; answers are data, not prose. Patterns look for the order, not for a topic:
"tone" alone is a subject an API may have, "answer in a cheerful tone" is an order to the model.
"""

# ruff: noqa: E501 - patterns are tables of words; broken over lines they are harder to compare
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from actionry.findings import Severity
from actionry.limits import OPENAI

Where = Literal["manifest", "operation", "parameter", "response", "name"]


@dataclass(frozen=True, slots=True)
class Code:
    severity: Severity
    meaning: str
    effect: str
    mend: str


CODES: dict[str, Code] = {
    "DESCRIBE-MOOD": Code(
        "warning",
        "A description controls the model's mood, tone or personality (DX-04 a).",
        "Hosts refuse such plugins; it acts on every answer, also on those about something else.",
        "Say what the API does, and leave the manner to the model.",
    ),
    "DESCRIBE-WORDING": Code(
        "warning",
        "A description prescribes the words of the answer (DX-04 a).",
        "Hosts refuse such plugins.",
        "Return the text as a field of the answer, and let the model decide how it says it.",
    ),
    "DESCRIBE-OVERREACH": Code(
        "warning",
        "A description asks to be used outside of its subject, always, or in place of others (DX-04 b).",
        "Hosts refuse such plugins; the model calls it where it cannot help.",
        "Name the subject: what can be asked of this API.",
    ),
    "DESCRIBE-TRIGGER": Code(
        "warning",
        "A description names words that should set off a call (DX-04 c).",
        "Hosts refuse such plugins; the model no longer goes by what the user means.",
        "Say what the operation does. The model knows by itself when that is wanted.",
    ),
    "DESCRIBE-PROSE": Code(
        "warning",
        "An answer is prose instead of data (DX-04 d).",
        "The model repeats or rewrites it, and cannot reckon with it.",
        "Return the facts as JSON; the model writes the sentences.",
    ),
    "DESCRIBE-START": Code(
        "info",
        "`description_for_model` does not begin with what the plugin is for (DX-05).",
        "None for calls.",
        "Begin with \"Plugin for …\" (用于…的插件), then list what it can do.",
    ),
    "DESCRIBE-PRAISE": Code(
        "info",
        "A description praises instead of describing (DX-05).",
        "The model learns nothing from it, and may pass the praise on.",
        "Leave it out: concise and objective.",
    ),
    "DESCRIBE-ENUM": Code(
        "info",
        "A description lists the only values there are, and the schema has no `enum` (DX-05).",
        "The model may send something else, and nothing checks it.",
        "Add `enum` with these values.",
    ),
    "DESCRIBE-NAME": Code(
        "info",
        "An operationId does not say what the operation does (DX-05).",
        "It is the function's name: the model has one hint less.",
        "Name it by verb and object, e.g. `getTodos`.",
    ),
    "DESCRIBE-LONG": Code(
        "info",
        "A description is longer than hosts read (SP-12, M-07).",
        "The rest is cut, and all of it costs tokens in each request.",
        "Say it in fewer words.",
    ),
}  # fmt: skip
"""Code -> what it is."""

ADVISED_CHARACTERS: Mapping[Where, int] = {
    "manifest": 2_000,
    "operation": OPENAI.operation_description or 300,
    "parameter": OPENAI.parameter_description or 700,
}
"""`manifest`: of its description for the model; the limit of 8,000 is the reader's finding."""
_READ_CHARACTERS = 8_000

CJK = re.compile(r"[\u3400-\u9fff]")
_OPEN, _CLOSE = "[“\"「『‘']", "[”\"」』’']"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_MANNERS = (
    "friendly|cheerful|cheery|enthusiastic|excited|exciting|funny|witty|polite|sarcastic|playful|warm|empathetic|kind|"
    "humorous|serious|formal|casual|upbeat|energetic|happy|sad|angry|rude|strict|gentle|caring|charming|sassy|quirky|"
    "professional|courteous|optimistic|passionate|supportive|encouraging|motivational|poetic|dramatic|mysterious"
)
_MANNERS_CHINESE = (
    "活泼|可爱|幽默|风趣|热情|亲切|友好|友善|温柔|激动|兴奋|严厉|严肃|礼貌|俏皮|开朗|专业|耐心|温暖|调皮|搞笑|诙谐|冷酷|傲娇|"
    "甜美|正式|随意|轻松|愉快|积极|乐观|夸张|诗意|浪漫|同情"
)
_CALLING = r"(?:use|used|using|call|called|calling|invoke|invoked|activate|run|consult|choose|select|prefer|apply)"
_SELF = r"(?:this|the|our|my) (?:plug-?in|tool|api|function|operation|endpoint|service|action)"
_THINGS = (
    r"(?:question|request|quer(?:y|ies)|message|conversation|chat|prompt|topic|turn|interaction|occasion|situation)s?"
)
_CALLING_CHINESE = "(?:调用|使用|启用|触发|激活|用|查询|选用)"
_SELF_CHINESE = "(?:本|这个|此|该|我们的)(?:插件|接口|工具|服务|操作|功能)"

PATTERNS: tuple[tuple[str, frozenset[Where], re.Pattern[str], re.Pattern[str]], ...] = (
    (
        "DESCRIBE-MOOD",
        frozenset({"manifest", "operation", "parameter", "response"}),
        _any(
            r"\b(?:in|with|using|use|adopt|keep|maintain|assume|take on|have)\b(?! an? (?:step|timely|similar|same|way|structured|consistent manner))[^.;/]{0,40}"
            r"\b(?:tone|voice|attitude|manner|personality|persona|accent|demeanou?r|sense of humou?r)\b"
            r"(?! of (?:the|an?) (?:text|message|sentence|document|speaker|recording))",
            rf"\b(?:be|sound|act|stay|remain|appear|seem)(?:ing)? (?:\w+ )?(?:{_MANNERS})\b",
            r"\b(?:speak|talk|respond|reply|answer|write|act|behave|sound|present)\b(?: (?:to (?:the |your )?users?|to them|(?:the |your )?users?|always|only|everything|back|more|strictly|exactly|just|in chat|things?))* (?:like|as)"
            r" (?:if\b|(?:an?|the) (?!json|list|table|string|number|array|object|file|stream|plain|date|markdown|text))",
            r"\b(?:speak|talk|respond|reply|answer|write|chat)\b(?: \w+){0,3} (?:" + _MANNERS + r")(?:ly)?\b",
            r"\b(?:role-?play|pretend to be|impersonate|stay in character|your (?:name|personality|persona) is)\b",
            r"\byou are (?:an?|the) (?!user|owner|member|customer|given|registered|new|existing|developer|merchant|partner|company|business|client|paying)(?:\w+[ -]){1,6}",
            r"\b(?:use|with|add|include|insert|lots of|many|plenty of)\b[^.;]{0,20}\bemojis?\b",
            r"\b(?:make|keep) the (?:user|customer) (?:laugh|smile|feel|happy|entertained)\b",
        ),
        _any(
            r"(?:(?<!使)(?<!采)(?<!作)用(?!于|来|户)|(?<!可)(?<!所)以|使用|采用|保持|带着|换成|模仿)[^，。；]{0,14}(?:语气|口吻|语调|腔调|口气|态度|人设)",
            r"(?:语气|口吻|态度|说话|讲话|说|回答|回复|答复|交流|对话|表达|讲解)(?:时|的时候)?[，,]?(?:请|都|要|应|应该|应当|必须|需|需要|尽量|务必|一定|显得|保持|得|有){1,4}"
            rf"[^，。；]{{0,6}}(?:{_MANNERS_CHINESE})",
            r"(?:^|[，。；、：请])(?:你是|你叫|您是)(?!否)[^，。；]{0,20}(?:师|员|人|家|者|手|长|友|士|厨|猫|狗|角色|助手|助理|伙伴|朋友|专家|教练|老师|管家|海盗|机器人)",
            r"扮演|角色扮演|假装(?:成|是|自己)|模仿[^，。；]{1,12}(?:风格|口吻|语气|说话|语调)",
            r"像[^，。；]{1,12}(?:一样|那样|似的|般)[^，。；]{0,6}(?:说|讲|答|回|聊|交流|对用户|跟用户)",
            r"(?:多?用|使用|加上|带上|带|添加|加入)[^，。；]{0,6}(?:表情|emoji|颜文字)",
            r"让用户(?:开心|发笑|感到|高兴|心情)",
        ),
    ),
    (
        "DESCRIBE-WORDING",
        frozenset({"manifest", "operation", "parameter", "response"}),
        _any(
            r"\bverbatim\b|\bword[- ]for[- ]word\b|\bexact(?:ly)? (?:these|this|the(?:se)?(?: following)?|words?|phrase|wording|sentence)\b[^.]{0,30}[:\"“]",
            r"\b(?:say|state|write|reply|respond|answer|tell)\b(?: (?:them|the user|users|it))? exactly\b",
            r"\b(?:repeat|use|say|display|show|print|output|quote|copy) the (?:following|exact|same) (?:sentence|text|words?|phrase|message|line|disclaimer|wording)\b",
            r"\b(?:begin|start|end|finish|open|close|preface|conclude|sign off|prefix|suffix)(?:ing|s)? (?:every|each|all|your|the|any)"
            r" (?:\w+ )?(?:answer|repl(?:y|ies)|response|message|output|conversation)s? (?:with|by)\b",
            r"\b(?:append|add|include|prepend|attach|insert|put|mention)\b[^.]{0,30}(?:phrase|words?|sentence|text|line|slogan|disclaimer|message|[\"“])"
            r"[^.]{0,80}\b(?:to|in|into|at the (?:end|start|beginning|bottom|top) of)\b[^.]{0,20}\b(?:your|each|every|all|any|the) (?:\w+ )?(?:response|answer|repl(?:y|ies)|message|output)s?\b",
            r"\b(?:your|each|every|the) (?:answer|reply|response)s? (?:must|should|has to|have to|always) (?:begin|start|end|contain|include|say)s?\b",
        ),
        _any(
            r"逐字|一字不(?:差|改|漏)|原样(?:输出|告诉|告知|展示|显示给|说|复述|转述|念)|照(?:原文|抄)(?:回复|回答|输出|念)",
            r"(?:结尾|末尾|最后|开头|开始|前面|后面)[^，。；]{0,4}(?:必须|务必|都要|都|要|须|请|应|应当|一定)[^。；]{0,6}(?:加上|写上|附上|添加|说|标注|注明|带上|补充)",
            rf"以{_OPEN}[^。]{{1,40}}{_CLOSE}(?:这句话|一句|字样)?(?:开头|结尾|开始|结束|收尾|作为)",
            r"(?:回答|回复|答复|输出)(?:中|里|时|内容)?[^，。；]{0,6}(?:必须|务必|都要|应|需|一定)[^，。；]{0,4}(?:包含|加上|附上|写明|使用|说|出现|带有|含有)",
            rf"(?:告诉|回复|回答|提醒)用户[^，。；]{{0,4}}(?:以下|下面|这句)[^。；]{{0,6}}(?:话|文字|内容|句子)|(?:固定|统一|标准)(?:话术|用语|回复|措辞)|必须说{_OPEN}",
        ),
    ),
    (
        "DESCRIBE-OVERREACH",
        frozenset({"manifest", "operation", "parameter", "response"}),
        _any(
            rf"\b{_CALLING}\b[^.;]{{0,60}}(?<!\bin )(?<!\bto )\b(?:every|any|all|each)\b(?: \w+){{0,2}} {_THINGS}\b",
            rf"\b{_CALLING}\b[^.;]{{0,40}}\b(?:for|on|about) (?:everything|anything)\b|\b(?:for|on) (?:everything|anything) (?:the user|they|users|a user|people)\b",
            rf"\b(?:every|any|all|each)(?: \w+)? {_THINGS}\b[^.;]{{0,30}}\b(?:must|should|has to|have to|needs? to) (?:\w+ )?(?:use|call|go through|be sent to|pass through)\b",
            rf"\balways (?:\w+ )?(?:use|call|prefer|choose|invoke|select|consult|rely on|recommend) (?:\w+ )?(?:{_SELF}|it\b|this\b(?! (?:format|header|unit|value|field|parameter)))",
            rf"\b{_CALLING} (?:it|this|{_SELF})\b[^.;]{{0,30}}(?:\balways\b(?! \w+s\b)|\bwhatever\b|\bno matter\b|\bregardless\b|\bas often as\b|\bat all times\b|\bby default\b|\bevery time\b)",
            r"\b(?:whatever|no matter what|regardless of what) (?:the )?(?:user|they|topic|subject|question)\b",
            r"\b(?:do not|don't|never|avoid|stop|without)\b (?:ever )?(?:use|using|call|calling|rely(?:ing)? on|consult(?:ing)?|recommend(?:ing)?|suggest(?:ing)?|mention(?:ing)?)\b[^.;]{0,30}"
            r"\b(?:(?:other|another|different|alternative)\b(?: \w+){0,2} (?:plug-?in|tool|source|service|web ?site|site|app|api|provider|search|engine|means|compan|model|function|knowledge)|(?:plug-?ins?|tools?|services?|companies|sources) other than|the browser|browsing|web search|search engines?|your (?:own )?(?:knowledge|memory|training)|competitors?|competing|rivals?|any (?:plug-?in|tool))\b",
            r"\bprefer\b[^.;]{0,20}\b(?:over|to|instead of|rather than)\b[^.;]{0,20}\b(?:other|all|any|your|browsing|competitors?)\b|\b(?:instead of|rather than|over|in place of) (?:all |any )?(?:other (?:plug-?ins?|tools?|services?|sources?)|your own knowledge|competitors)\b",
            r"\b(?:replaces?|overrides?|supersedes?|takes? (?:precedence|priority) over)\b (?:it\b|the browser|all other|any other|other plug-?ins?|other tools)",
            r"\beven (?:if|when|though) (?:the |a )?(?:user|users|they|nobody|no one|it|request|question|topic)\b[^.;]{0,30}(?:not|n't|never|unrelated|nothing|no )",
            r"\b(?:ignore|disregard|forget|override|bypass)\b (?:all |any |the |your |every )*(?:previous|prior|earlier|other|above|existing|system|preceding)\b[^.;]{0,20}\b(?:instruction|rule|prompt|message|order|guideline|direction|plug-?in)s?",
            r"\b(?:at|on|from) the (?:start|beginning|end) of (?:every|each|any|all) (?:conversation|chat|session|message|turn|answer)s?\b|\b(?:before|after) (?:every|each|any|all) (?:answer|response|reply|message|turn|conversation)s?\b",
            r"\bwhenever the user (?:talks|speaks|asks|says|writes|does|wants)\b[^.;]{0,20}\b(?:anything|something|whatever)\b",
            r"\b(?:in|during|throughout) (?:all|every|each) (?:conversation|chat|answer|response)s?\b[^.;]{0,5}$",
            r"\b(?:only|exclusively) (?:use|rely on|trust|recommend) (?:this|the|our|my) (?:plug-?in|tool|service|app)\b|\bmust (?:always )?be (?:used|called|invoked|run) (?:first|always|before (?:any|every|all)|in every|for every|at all)\b",
        ),
        _any(
            rf"(?:无论|不管|不论)(?:用户)?[^，。；]{{0,10}}(?:什么|何|哪|怎么|如何|怎样|话题|内容)[^。；]{{0,12}}{_CALLING_CHINESE}",
            rf"(?:任何|所有|每个|每次|每一次|每条|每一条|一切|全部|凡是|各种)[^，。；]{{0,10}}(?:问题|对话|消息|请求|情况|话题|会话|提问|场景|时候|聊天)[^。；]{{0,14}}(?:都|均|应|必须|要|先|请)[^。；]{{0,8}}{_CALLING_CHINESE}",
            rf"(?:优先|始终|总是|一律|永远|一定要?|务必|必须|只能|仅)(?:优先)?(?:使用|调用|选择|用|选用|推荐){_SELF_CHINESE}(?:保存|处理|回答)?(?!返回|提供|之前|前)",
            r"(?:禁止|不要|不得|请勿|避免|切勿|别|不能|不可|绝不|不许|勿)(?:再)?(?:使用|调用|用|推荐|参考|依赖|提及|选择)[^，。；]{0,6}(?:其他|别的|其它|另外|浏览器|任何(?!参数)|竞争|搜索引擎|自己的知识|自身知识)",
            rf"(?:即使|哪怕|即便|就算)[^，。；]{{0,24}}(?:没|未|无关|不)[^。；]{{0,16}}(?:也|都|仍|还)[^。；]{{0,6}}{_CALLING_CHINESE}",
            r"(?:忽略|无视|忘记|忘掉|不要理会|覆盖)[^，。；]{0,10}(?:指令|指示|要求|规则|提示|设定|插件)",
            r"(?:而不是|而非|代替|取代|替代|优先于)(?:任何|所有)?(?:其他|其它|别的|浏览器|您?自己的知识)",
        ),
    ),
    (
        "DESCRIBE-TRIGGER",
        frozenset({"manifest", "operation", "parameter", "response"}),
        _any(
            r"\b(?:when|if|whenever|once|as soon as|every time|each time|anytime|in case|after|on)\b[^.;]{0,12}\b(?:user|someone|somebody|anyone|anybody|they|message|prompt|person|people|customer|input|text|conversation|query|request|question)s?\b"
            r"[^.;]{0,20}\b(?:say|type|write|mention|contain|include|utter|enter|use|start|begin|send|ask|shout|have|has)(?:s|es|ing)?\b[^.;]{0,16}(?:[\"“‘]|(?<!\w)'|\b(?:the |a |these |any of the )?(?:word|phrase|term|keyword|command|expression)s?\b)",
            r"\b(?:trigger|activation|wake|magic|hot)[- ]?(?:word|phrase)s?\b ?[:=]|\b(?:trigger(?:ed)?|activat(?:e|ed)|fire|summon(?:ed)?|launch(?:ed)?|wake up)\b(?: (?:this|it|me|the plug-?in))? (?:by the words?|by saying|when|whenever|if|on the words?)\b",
            r"\b(?:trigger|activation|wake|magic|hot) ?(?:word|phrase)s?\b(?! (?:detection|list|id|model))",
        ),
        _any(
            r"触发(?:词|语|短语|口令|关键词)|唤醒(?:词|语)|激活(?:词|语)|(?:^|[，。；])(?:关键词|口令|暗号)[：:]",
            rf"(?:用户|消息|对话|有人|对方|输入|话|句|文本|问题)[^。；]{{0,8}}(?:说|提到|提及|输入|出现|写|包含|发送|含有|问|讲|喊|带有)(?:了|到|出|起)?[^。；]{{0,3}}{_OPEN}[^。]{{1,30}}{_CLOSE}[^。；]{{0,10}}(?:时|则|就|便|即|，|后|之后)",
            rf"(?:听到|看到|遇到|收到|一说|说出){_OPEN}[^。]{{1,30}}{_CLOSE}",
        ),
    ),
    (
        "DESCRIBE-PRAISE",
        frozenset({"manifest"}),
        _any(
            r"\bbest\b[^.,;]{0,40}\b(?:plug-?in|service|app|tool|platform|api|assistant|experience|provider|solution|world|ever|internet|market|planet|universe)\b",
            r"(?:#|\bno\. ?|\bnumber )(?:1|one)\b(?! (?:is|if|to|for|page))",
            r"\b(?:amazing|awesome|incredible|unmatched|unparalleled|unrivall?ed|world[- ]class|revolutionary|must[- ]have|game[- ]chang(?:ing|er)|unbeatable|ultimate|cutting[- ]edge|state[- ]of[- ]the[- ]art|fantastic|outstanding|mind-?blowing|phenomenal|superb|second to none)\b",
            r"\b(?:loved|trusted|used) by (?:millions|thousands|over|more than|everyone)\b|\b(?:industry|market|world)[- ]leading\b|\bleading (?:provider|platform|service|company)\b|\bmost (?:powerful|advanced|amazing|comprehensive|trusted|loved|innovative)\b",
        ),
        _any(
            r"(?:全球|世界|全国|国内|史上|市面上|业内|全网)最|最(?:好|强大|先进|专业|全面|受欢迎|优秀|优质|棒|牛)(?:的(?!路线|匹配|价格|结果|时间|方案|一[次个])|、|！|!)",
            r"(?:业界|行业|全球|世界|国内|遥遥)领先|首选|无与伦比|革命性|颠覆性|独一无二|无可比拟|(?:顶级|一流|完美)的|神器|必备(?:的|工具|神)|[百千]?万用户|好评如潮|史上",
        ),
    ),
)  # fmt: skip

_PROSE_KINDS = (
    r"(?:answer|response|summary|text|description|reply|explanation|message|paragraph|sentence|prose|narrative|story)"
)
_PROSE_MANIFEST = _any(
    rf"\b(?:natural[- ]language|friendly|chatty|conversational|prose)\b(?:,? \w+){{0,2}} {_PROSE_KINDS}s?\b",
    r"\b(?:complete|full|whole) sentences?\b",
)
_PROSE = _any(
    rf"\b(?:natural[- ]language|friendly|chatty|conversational|prose|polite|well[- ]written|nicely formatted)\b(?:,? \w+){{0,2}} {_PROSE_KINDS}s?\b",
    r"\bhuman[- ](?:readable|friendly)\b(?! error)(?: \w+)? (?:message|text|summary|answer|paragraph|reply|sentence)s? (?!code)",
    r"\b(?:complete|full|whole) sentences?\b|\bin (?:plain )?prose\b|\bin (?:a )?natural language\b|\b(?:an? )?(?:paragraph|sentence)s? (?:that|which|describing|explaining|summari[sz]ing|about|telling)\b",
    r"\b(?:ready|meant|intended|suitable|designed|formatted)\b[^.;]{0,12}\b(?:to be|for being|for) (?:directly )?(?:shown|displayed?|read|spoken|said|presented|presentation|showing|reading)\b[^.;]{0,16}\b(?:users?|aloud|out)\b",
    r"\b(?:shown|displayed|read out|read aloud|presented|spoken|said) (?:directly |verbatim |as is )*to the (?:end )?user\b",
)
_PROSE_CHINESE = _any(
    r"自然语言(?:的)?(?:回答|文字|描述|总结|回复|说明|文本|形式|摘要|句子|结果|叙述)",
    r"一段(?:话|[^，。；]{0,8}(?:的话|文字|描述|介绍|总结|说明|叙述))|完整(?:的)?句子|(?:一|几)句话|(?:友好|通顺|流畅|口语化)的(?:文字|回答|句子|话|说明|回复)",
    r"(?:展示|显示|念|读|朗读|说|呈现|播报|讲|转述)给用户|向用户(?:介绍|解释|说明|描述|讲述|播报)",
)
_RETURNING = re.compile(
    r"\b(?:return|respond|repl(?:y|ies)|answer|produce|give|output|deliver|get|provide|send)(?:s|ing)?\b", re.I
)
_RETURNING_CHINESE = re.compile(r"返回|输出|给出|得到|回复|提供|获取")

_EXAMPLES = re.compile(r"\be\.?g\b|\bfor example\b|\bsuch as\b|\blike\b|\bfor instance\b|\betc\b|\bincluding\b|\.\.\.|…|例如|比如|譬如|诸如|等等?(?:[。，；]|$)|如[：:]|以逗号分隔|comma-separated", re.I)  # fmt: skip
_WORD = r"[`'\"“”‘’]?[\w-]+(?: [\w-]+)?[`'\"“”‘’]?"
_ENUM = _any(
    rf"\b(?:allowed|possible|valid|accepted|supported|permitted|available|acceptable|legal) (?:values?|options?|choices?|inputs?)(?: are| is|:| include)[: ]+{_WORD}(?: ?[,|/] ?{_WORD})*(?:,? (?:and|or) {_WORD})?",
    rf"\b(?:can be|must be|may be|should be|is)?\s*(?:exactly )?(?:one|any) of\b(?! the (?:following )?(?:ids?|names?)\b(?! [:]))[: ]+(?:the following[: ]+)?{_WORD}(?: ?[,|/] ?{_WORD})+",
    rf"\beither {_WORD} or {_WORD}[.)]?\s*$",
    rf"\b(?:can|must|may|should|has to) (?:only )?be (?:either )?['\"`“]{_WORD}(?:, ?{_WORD})*,? or {_WORD}",
    rf"(?::|\bis|-|\() ?{_WORD}(?:, ?{_WORD})+,? or {_WORD}[.)]?\s*$",
    r"(?:[`'\"][\w-]+[`'\"] ?[|/] ?){1,}[`'\"][\w-]+[`'\"]",
    rf": {_WORD} or {_WORD}\.?$",
)
_ENUM_CHINESE = _any(
    r"(?:可选|可用|允许|有效|合法|支持)的?(?:值|取值|选项|类型)(?:有|为|是|包括)?[：:]?[^。]{1,60}[、,，/或]",
    r"取值(?:为|范围|可以是|是|有|只能)?[：:]?[^。\d]{1,40}(?:、|或|和|,|/)",
    r"(?:只能|必须|可以|仅能|限)(?:是|为|选|填|取)(?:以下之一[：:]?)?[^，。]{1,40}(?:或|、|/)|以下之一|其中之一|二选一",
    r"[：:][^。；，,：]{1,16}(?:、[^。；、]{1,12})+(?:或|和|或者)[^。；、]{1,12}[。]?$|[：:][^。；，,]{1,12}或[^。；，]{1,12}[。]?$",
)
_START = re.compile(r"\s*(?:an? |the |this is an? )?plug-?in (?:for|to)\b", re.I)
_START_CHINESE = re.compile(r"\s*(?:(?:一[个款]|这是一[个款]|是)?(?:用于|用来|供|帮助)[^。；]{1,80}?(?:的)?插件|插件[，,：:]?(?:用于|用来)|plug-?in for)", re.I)  # fmt: skip

_NUMBER = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[\u3400-\u9fff]+")
_MEANINGLESS = frozenset(
    [
        "func",
        "function",
        "fn",
        "api",
        "endpoint",
        "method",
        "handler",
        "foo",
        "bar",
        "baz",
        "qux",
        "test",
        "testing",
        "tmp",
        "temp",
        "untitled",
        "unnamed",
        "noname",
        "operation",
        "op",
        "action",
        "route",
        "procedure",
        "proc",
        "routine",
        "thing",
        "stuff",
        "something",
        "it",
        "do",
        "main",
        "default",
        "sample",
        "example",
        "demo",
        "x",
        "接口",
        "函数",
        "方法",
        "测试",
        "操作",
        "功能",
        "动作",
    ]
)
_WEAK = frozenset(["get", "post", "put", "patch", "delete", "query", "call", "run", "exec", "execute", "process", "request", "data", "info", "fetch", "send", "my", "new", "the", "a"])  # fmt: skip


def read_name(name: str) -> bool:
    """Whether an operationId says nothing: `func01`, `doIt`, `getData1`; `query` alone may be what it does."""
    words = [word.lower() for word in _NUMBER.findall(name)]
    letters = [word for word in words if not word.isdigit()]
    if not letters:
        return bool(name)
    if not all(word in _MEANINGLESS or word in _WEAK or len(word) == 1 for word in letters):
        return False
    return any(word in _MEANINGLESS or len(word) == 1 for word in letters) or len(letters) < len(words)


def find_faults(text: str, where: Where, schema: Any = None, *, starts: bool = True) -> Iterator[tuple[str, str]]:
    """(code, the words that show it) for one description, each code once.

    schema: of a parameter or property. starts: whether a manifest's text should begin with "Plugin for …".
    """
    if where == "name":
        if read_name(text):
            yield "DESCRIBE-NAME", text
        return
    limit = ADVISED_CHARACTERS.get(where)
    if limit is not None and len(text) > limit:
        yield "DESCRIBE-LONG", f"{len(text):,} characters"
    read = text[:_READ_CHARACTERS]
    chinese = CJK.search(read) is not None
    for code, places, english, in_chinese in PATTERNS:
        if where in places and (found := english.search(read) or (in_chinese.search(read) if chinese else None)):
            yield code, found[0]
    if where in ("operation", "response", "manifest") and (words := _prose(read, where, chinese)):
        yield "DESCRIBE-PROSE", words
    if where == "manifest" and starts and not (_START.match(read) or (chinese and _START_CHINESE.match(read))):
        yield "DESCRIBE-START", read[:40]
    if where == "parameter" and (words := _closed_set(read, schema, chinese)):
        yield "DESCRIBE-ENUM", words


def _prose(text: str, where: Where, chinese: bool) -> str:
    """Only what comes back is meant: an API may well take natural language."""
    found = (_PROSE_MANIFEST if where == "manifest" else _PROSE).search(text) or (
        _PROSE_CHINESE.search(text) if chinese else None
    )
    if found is None:
        return ""
    before = text[: found.start()]
    if where == "manifest":
        before = re.split(r"[.;。；\n]", before)[-1]  # what a manifest says of showing is about the chat more often
    if where != "response" and not (_RETURNING.search(before) or _RETURNING_CHINESE.search(before)):
        return ""
    return found[0]


def _closed_set(text: str, schema: Any, chinese: bool) -> str:
    if not isinstance(schema, Mapping) or not _is_open_text(schema) or _EXAMPLES.search(text):
        return ""
    found = _ENUM.search(text) or (_ENUM_CHINESE.search(text) if chinese else None)
    return found[0].strip() if found and re.search(r"[^\W\d]{2}.*[^\W\d]", found[0]) else ""


def _is_open_text(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    kinds = set(kind) if isinstance(kind, list) else {kind}
    closed = {"enum", "const", "pattern", "format", "$ref", "oneOf", "anyOf", "allOf"} & schema.keys()
    return "string" in kinds and not closed

"""Chinese words as the concepts of English API documents: the search's table, and what filling needs on top."""

from __future__ import annotations

from actionry.models.rehearsal import lexicon
from actionry.tools.search_chinese import MEANINGS

_FILLING = """
_from: 从 自 由
_to: 到 至 去 往 向 给 发给 寄给 成 为 改成 改为 更新为 设为 设置为 标记为 译成 翻成
_in: 在 于 里 中 内 里面 之中
_of: 的 之
_by: 按 按照 根据
_for: 为了 替
_with: 带 带着 附带 附上 要带 含有 加上
_include: 包括 包含 含 连同
_without: 不带 不含 不包括 不包含 无需 不需要 没有 除去 不要 排除
_not: 不 没 别 勿 非 未
_use: 用 使用 通过 采用 以
_and: 和 与 跟 及 以及 并 并且 而且 或 或者
_about: 关于 有关 对于 对
_particle: 了 吗 呢 吧 啊 呀 把 将 请 帮 帮我 我 你 您 我的 我们 他 她 它 这 那 这个 那个 一下
_particle: 有 是 叫做 哪些 什么 怎么样 怎样 如何 怎么 几 多少 还 也 都 就 想 要 想要 需要 能 可以
_particle: 会 应该 给我 告诉我 我想 我要 想知道 有什么 有没有 是什么 多大 个 只 条 张 份 本 台 次
_particle: 位 首 部 篇 件 项 号 名 第 所有 全部 一些 之间 左右 附近 结束 现在 目前 当前 此刻 未来
_particle: 接下来 最近 最新 相关 相关的 提到 之 用户名是 一
_since: 以后 之后 起 开始 以来
_until: 之前 以前 为止
order book: 订购 下单 订货
limit: 最多 只要 前 只显示 至多 不超过 只看
page size: 每页
subject title topic: 主题 标题 题目
body content text: 正文 内容
description: 介绍 描述 简介 说明
index number id: 索引 序号 编号 号码 代号
book list: 书单
book: 书籍 图书
trip train: 车次 班次
passenger: 乘客 旅客
attendees participants: 参加者 与会者 参会人 出席者 参与者
price: 票价 价格 价钱 单价 多少钱 费用
amount: 金额 数额 总额
date: 日期 日子
due: 截止 截止日期 期限
priority: 优先级 优先
start: 起始 出发 起点 始发
end: 终点 目的地 到达
age: 岁 年龄
day: 天 日
bicycle: 自行车 单车
station: 火车站 车站 站点
name: 姓名 名字 名称 名叫 叫 叫作 取名 命名为 名为
sold: 卖出 卖掉 已售 售出 卖了
available: 可售 在售 可用 可买
pending: 待处理 待定 处理中
open: 未完成 没完成 待完成
done: 已完成 做完 完成了
low: 低优先级 低
high: 高优先级 高
medium: 中优先级 中等
general: 普通 一般
hours: 营业时间 开放时间 开门 关门 营业
quality: 质量
url: 网址 链接 网页
language: 语言 语种
width: 宽 宽度
height: 高度 身高
weight: 重量 体重
length: 长度 长
code: 代码
city: 城市
address: 地址 住址
phone: 电话号码 手机号 电话 手机
password: 密码
count quantity number: 数量 个数 人数 份数
"""


def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {word: meaning for word, meaning in MEANINGS.items() if meaning}
    for word, meaning in MEANINGS.items():
        if not meaning:
            table[word] = ("_particle",)
    for line in _FILLING.strip().splitlines():
        concepts, _, words = line.partition(":")
        for word in words.split():
            known = () if concepts.startswith("_") else tuple(w for w in table.get(word, ()) if not w.startswith("_"))
            table[word] = tuple(dict.fromkeys((*concepts.split(), *known)))
    for place in lexicon.WORLD_CITIES | frozenset(lexicon.CHINESE_COUNTRIES):
        if not place.isascii():
            table[place] = ("_place",)
    return table


WORDS = _table()
"""Chinese word -> concepts, the first one is the main one; `_in`, `_of` … are grammar, `_place` a place's name."""
LONGEST = max(map(len, WORDS))
GRAMMAR = frozenset(meaning[0] for meaning in WORDS.values() if meaning[0].startswith("_")) - {"_place"}

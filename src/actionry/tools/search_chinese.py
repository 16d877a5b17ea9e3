"""What Chinese words of requests mean in the English of API documents. Written for this project.

One line a meaning: the English words, then the Chinese ones. Verbs first, then things by field of life.
"""

from __future__ import annotations

_TABLE = """
get: 获取 取得 得到 拿到 读取 返回
show: 显示 展示 看看 查看 看一下 看下 给我看 浏览 告诉我 打开
list: 列出 列表 清单 所有 全部 哪些 有哪些 有什么
find: 找 查找 寻找 找到 找出 找一下 帮我找
search: 搜索 搜 检索 搜寻 搜一下
query: 查询 查 查一下 查一查
add: 添加 加 增加 加入 新增 加上 记下 记一下 录入
create: 创建 新建 建立 生成 制作 做一个 建一个 开设 发起
delete: 删除 删掉 删 清除 清空 抹掉
remove: 移除 去掉 拿掉 撤掉 移出
cancel: 取消 撤销 退订 作废
update: 更新 修改 更改 改 改成 改为 变更 编辑 调整 设置为 修正
set: 设置 设定 设为 设成 配置
send: 发送 发 发给 寄 寄给 发出 推送 传给
book: 预订 预定 订 预约 订购 订票
buy purchase: 购买 买 采购 下单
pay payment: 支付 付款 付 缴费 结账 付费
sell: 出售 卖 售卖
order: 订单 单子 点单 点餐
calculate: 计算 算 算一下 求 算出
convert: 转换 换算 兑换 转成 换成 转为
translate translation: 翻译 译成 译 翻成
compare: 比较 对比 相比
recommend recommendation: 推荐 建议 介绍
check: 检查 检验 核对 确认 核实 查验
upload: 上传
download: 下载
share: 分享 共享
play: 播放 放 玩 放一首
stop: 停止 停 终止 暂停
start: 开始 启动 开启 开
restart reboot: 重启 重新启动
open: 打开 开放
close: 关闭 关 关掉
finish complete done: 完成 做完 标记完成 搞定 办完
mark: 标记 标为 标注
login sign in: 登录 登陆 签到
register sign up: 注册 报名
subscribe subscription: 订阅 关注
follow: 关注 跟随
like favorite: 喜欢 点赞 收藏 最爱
comment: 评论 留言 点评
reply: 回复 答复 回应
rate rating: 评分 打分 评级
review: 评价 评论 复查 审核 影评 书评
track: 跟踪 追踪 追查
count number: 数量 多少 几个 计数 个数 统计 多少个
statistics: 统计 统计数据
schedule: 安排 排期 日程 行程 课表 时间表
remind reminder: 提醒 提示
invite: 邀请
join: 加入 参加
leave: 离开 退出
export: 导出
import: 导入
sort: 排序 排列
filter: 筛选 过滤
merge: 合并
move: 移动 移到 搬
copy: 复制 拷贝
rename: 重命名 改名
restore: 恢复 还原
archive: 归档 存档
approve: 批准 同意 审批 通过
reject: 拒绝 驳回
assign: 分配 指派 派给
analyze analysis: 分析
summarize summary: 总结 摘要 概括 概述 归纳
explain: 解释 说明
predict forecast: 预测 预报
report: 报告 报表 举报 汇报
measure: 测量 测
weather: 天气 气象 气候
forecast: 天气预报 预报
temperature: 温度 气温 多少度 几度
rain: 下雨 雨 降雨 降水
snow: 下雪 雪
wind: 风 刮风 风速
humidity: 湿度
air quality: 空气质量 空气 雾霾
sunrise: 日出
sunset: 日落
hot: 热
cold: 冷
today: 今天 今日
tomorrow: 明天 明日
yesterday: 昨天
week: 周 星期 礼拜 本周 这周 下周
month: 月 月份 本月
year: 年 年份 今年
day: 日 天
date: 日期 几号
time: 时间 几点 时刻
hour: 小时 钟头
minute: 分钟
history: 历史 记录 历史记录
now current: 现在 当前 目前 此刻 实时
latest recent: 最新 最近 近期
todo task: 待办 待办事项 任务 要做的事 代办
task: 任务 工作项
note: 笔记 便签 备忘 备忘录
memo: 备忘录
project: 项目 工程
issue: 问题 议题 工单
ticket: 工单 票 门票 车票
bug: 缺陷 漏洞 故障
milestone: 里程碑
label tag: 标签
repository repo: 仓库 代码库
code: 代码 编码
branch: 分支
commit: 提交
pull request: 拉取请求 合并请求
release: 发布 版本发布 上映
version: 版本
file: 文件 档案
folder: 文件夹 目录
document: 文档 文件 文书
page: 页面 页 网页
website site: 网站 站点
link url: 链接 网址
image picture: 图片 图像 图 画 照片
photo: 照片 相片 拍照
video: 视频 录像 影片
audio: 音频 声音
music: 音乐
song: 歌 歌曲 一首歌
singer artist: 歌手 艺人 艺术家 音乐人
album: 专辑 相册
lyrics: 歌词
playlist: 歌单 播放列表
movie film: 电影 影片 片子
tv show series: 电视剧 剧集 连续剧 电视节目
episode: 集 剧集
director direct: 导演 执导
actor cast: 演员 主演 出演 演的
character: 角色 人物 字符
book: 书 图书 书籍 一本书
author: 作者 作家
library: 图书馆 库
news: 新闻 消息 头条
article: 文章
blog post: 博客 博文
post: 帖子 发帖 动态 发布
message: 消息 信息 短信 讯息
email mail: 邮件 电子邮件 邮箱 发邮件
sms: 短信
phone: 电话 手机 手机号
call: 打电话 呼叫 通话
contact: 联系人 联系 通讯录
chat: 聊天
channel: 频道 渠道 通道
notification: 通知
user: 用户 使用者
account: 账户 账号 帐号 帐户
profile: 个人资料 资料 简介 档案
password: 密码 口令
member: 成员 会员
group: 群 群组 组 小组
team: 团队 队 球队 队伍
role: 角色
permission: 权限
organization: 组织 机构
company: 公司 企业
employee staff: 员工 雇员 职员
department: 部门
customer client: 客户 顾客
friend: 朋友 好友
person people: 人 人员 谁
name: 名字 名称 姓名 叫
title: 标题 题目
description: 描述 说明
address: 地址 住址
city: 城市 市
country: 国家
region: 地区 区域
location place: 位置 地点 地方 在哪 哪里
map: 地图
distance: 距离 多远
route direction: 路线 路径 怎么走 导航
traffic: 交通 路况 堵车
nearby: 附近 周边 周围
travel trip: 旅行 旅游 出行 行程
flight: 航班 飞机 机票 班机
airport: 机场
airline: 航空公司
hotel: 酒店 宾馆 旅馆 住宿 旅店
room: 房间 客房
train: 火车 列车 高铁 动车
bus: 公交 巴士 公共汽车 大巴
taxi: 出租车 打车 的士
car: 汽车 车 轿车
bike: 自行车 单车
subway metro: 地铁
station: 车站 站
parking: 停车 停车场
rent rental: 租 租赁 租用 出租
house apartment: 房子 公寓 房屋 住房
real estate property: 房产 房地产 楼盘
restaurant: 餐厅 饭店 餐馆 饭馆
food: 食物 美食 吃的 食品
menu: 菜单
recipe: 菜谱 食谱 做法
ingredient: 食材 配料 原料
coffee: 咖啡
drink: 饮料 喝的
meal: 餐 饭 一顿饭
breakfast: 早餐 早饭
lunch: 午餐 午饭
dinner: 晚餐 晚饭
pizza: 披萨 比萨
delivery: 配送 外卖 送货 快递
shipping ship: 运费 发货 物流 运输
package parcel: 包裹 快递
store shop: 商店 店 店铺 门店 商城
product: 产品 商品 货品
item: 物品 条目 项 东西
category: 分类 类别 种类
brand: 品牌
price: 价格 价钱 多少钱 价位 售价
cheap: 便宜 低价
expensive: 贵 昂贵
discount: 折扣 打折 优惠
coupon: 优惠券
cart: 购物车
inventory stock: 库存 存货
invoice: 发票 账单
bill: 账单
receipt: 收据 小票
refund: 退款 退钱 退货
return: 退货 归还
money: 钱 金额
amount: 金额 数额 数量
currency: 货币 币种
exchange rate: 汇率 外汇
bank: 银行
balance: 余额
transfer: 转账 转移 划转
transaction: 交易 流水
loan: 贷款 借款
interest: 利息 利率
mortgage: 房贷 按揭
tax: 税 税费 税率
insurance: 保险
investment invest: 投资
stock share: 股票 股价 股市
fund: 基金
bond: 债券
crypto cryptocurrency: 加密货币 虚拟货币
bitcoin: 比特币
wallet: 钱包
salary: 工资 薪水 薪资
budget: 预算
expense: 开支 花费 支出 费用
income: 收入
cost fee: 成本 费用
profit: 利润
pet: 宠物
dog: 狗 小狗
cat: 猫 小猫 猫咪
animal: 动物
breed: 品种
veterinarian vet: 兽医
health: 健康
doctor: 医生 大夫
hospital: 医院
medicine drug: 药 药品 药物
disease: 疾病 病
symptom: 症状
patient: 病人 患者
appointment: 预约 约会 挂号
exercise workout fitness: 锻炼 健身 运动
calorie: 卡路里 热量
diet nutrition: 饮食 营养
weight: 体重 重量
height: 身高 高度
sleep: 睡眠 睡觉
sport: 体育 运动
football soccer: 足球
basketball: 篮球
tennis: 网球
match game: 比赛 赛事
score: 比分 得分 分数
league: 联赛
player: 球员 选手 玩家
game: 游戏
race: 赛跑 竞赛
school: 学校
university: 大学
student: 学生
teacher: 老师 教师
course class: 课程 课 上课
exam test: 考试 测验 测试
grade: 成绩 年级
homework: 作业
question: 问题 题
answer: 答案 回答
quiz: 测验 小测
learn study: 学习
language: 语言
word: 单词 词 词语
dictionary definition: 词典 字典 释义 定义
grammar: 语法
spelling: 拼写
text: 文本 文字
paper research: 论文 研究 文献
science: 科学
math: 数学
number: 数字 号码 数
random: 随机
color: 颜色 色
size: 大小 尺寸 尺码
area: 面积
volume: 体积 音量
length: 长度 多长
speed: 速度
shape: 形状
job: 工作 职位 岗位
resume: 简历
interview: 面试
recruit hire: 招聘
event: 活动 事件
meeting: 会议 开会
calendar: 日历 日程
holiday: 假期 节日 假日
birthday: 生日
party: 聚会 派对
concert: 演唱会 音乐会
museum: 博物馆
art: 艺术 美术
gift: 礼物
joke: 笑话
quote: 名言 语录 报价
horoscope zodiac: 星座 运势
dream: 梦
planet: 行星
space: 太空 空间
moon: 月亮 月球
star: 星 明星 恒星
earthquake: 地震
population: 人口
flag: 国旗
capital: 首都
server: 服务器
database: 数据库
table: 表 表格 桌子
data: 数据
network: 网络
domain: 域名
ip address: ip地址
device: 设备 装置
sensor: 传感器
light lamp: 灯 电灯 灯光
switch: 开关 切换
door: 门
camera: 摄像头 相机
alarm: 闹钟 警报
timer: 计时器 定时器
log: 日志
error: 错误 报错
status state: 状态 情况 进度
setting: 设置 选项
key: 密钥 钥匙 键
token: 令牌
webhook: 网络钩子
template: 模板
form: 表单
survey: 问卷 调查
chart: 图表
diagram: 图 流程图
qr code: 二维码
barcode: 条形码 条码
pdf: pdf文件
presentation slide: 幻灯片 演示文稿
spreadsheet: 电子表格
law legal: 法律 法规
lawyer: 律师
court case: 法院 案件 案例
contract: 合同
government: 政府
policy: 政策
vote election: 投票 选举
car vehicle: 车辆
driver: 司机 驾驶员
fuel gas: 油 汽油 加油
energy: 能源 能量
electricity power: 电 电力
water: 水
plant flower: 植物 花
tree: 树
available availability: 可用 空闲 有空 有没有
popular: 热门 流行 受欢迎 最火
trending: 趋势 热搜
top: 排行 榜 排名 前几
similar: 类似 相似
new: 新 新的
old: 旧
free: 免费
first: 第一
last: 最后 上一个
next: 下一个
high: 高
low: 低
"""

_EMPTY = """
我 我的 你 您 请 帮我 帮 一下 给我 给 的 了 吗 呢 吧 啊 是 有 在 把 想 想要 我想 要 需要 能
能不能 可以 可否 怎么样 怎么 什么 这个 那个 一个 一些 一条 一份 一张 一首 一封 一下子 名为 叫做
第一个 这张 这位 这条 这部 那位 那条 给这 最 和 与 跟 或 从 到 对 为 它 他 她 我们 今 上 里
中 个 件 条 张 只 本 部 首 家 位
"""
"""Words without a choice in them; named so that the longest match does not cut into them."""


def _read_table() -> dict[str, tuple[str, ...]]:
    meanings: dict[str, tuple[str, ...]] = {}
    for line in _TABLE.strip().splitlines():
        english, _, chinese = line.partition(":")
        for word in chinese.split():
            meanings[word] = tuple(dict.fromkeys((*meanings.get(word, ()), *english.split())))
    meanings.update(dict.fromkeys(_EMPTY.split(), ()))
    return meanings


MEANINGS = _read_table()
"""Chinese word -> English words (none for words that carry no choice)."""

LONGEST_CHINESE = max(map(len, MEANINGS))

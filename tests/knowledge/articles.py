"""Articles for the tests of search: the demo set, and single ones."""

from __future__ import annotations

from typing import Any

from domain.articles import Article, ArticleLanguage, ArticleState
from domain.ids import ArticleId, OrgId
from seed.articles import demo_articles

ORG = OrgId("org_1")
OTHER_ORG = OrgId("org_2")


def an_article(key: str, title: str = "Title", body: str = "Body", **changes: Any) -> Article:
    """A published article with `key` as its id."""
    values: dict[str, Any] = {
        "id": ArticleId(key),
        "org_id": ORG,
        "rev": 1,
        "language": ArticleLanguage.EN,
        "title": title,
        "body": body,
        "state": ArticleState.PUBLISHED,
    }
    return Article(**(values | changes))


def demo_set(org_id: OrgId = ORG) -> list[Article]:
    """The demo articles and a dozen everyday ones that share words with them."""
    demo = [
        an_article(
            f"{org_id}/{demo.key}",
            demo.title,
            demo.body,
            org_id=org_id,
            language=demo.language,
            aliases=demo.aliases,
            tags=demo.tags,
            stages=demo.stages,
            product_lines=demo.product_lines,
            industry=demo.industry,
            pinned=demo.pinned,
        )
        for demo in demo_articles()
    ]
    fillers = [
        an_article(f"{org_id}/filler-{n}", title, body, org_id=org_id, language=ArticleLanguage.ZH_CN)
        for n, (title, body) in enumerate(
            [
                ("怎么应对客户投诉", "先道歉，再记录，最后给出处理时间。"),
                ("促销降价审批流程", "填写申请单，主管审批后生效。"),
                ("竞品信息收集表", "记录品牌、型号、安装日期和联系人。"),
                ("报销怎么填写", "上传发票，选择项目，提交主管。"),
                ("差旅标准", "住宿按城市等级，交通优先高铁。"),
                ("新人入职指南", "第一周熟悉产品，第二周跟访。"),
                ("价格表使用说明", "价格每季度更新，以系统为准。"),
                ("样机借用", "借期十四天，归还前恢复出厂设置。"),
                ("会议纪要格式", "时间、人员、结论、待办。"),
                ("应急联系人", "夜间拨打值班电话。"),
                ("客户分级", "按年采购额分为三级。"),
                ("培训日历", "每月第二个周五线上培训。"),
            ]
        )
    ]
    return demo + fillers

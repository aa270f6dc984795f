"""Characters that are read alike, one for one so that offsets stay: full-width signs as plain, traditional as simplified."""

from intents.wordlist import words

_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_SIMPLE = {
    ord(pair[0]): pair[1]
    for pair in words(
        "週周 個个 禮礼 號号 點点 後后 這这 當当 時时 間间 鐘钟 兩两 萬万 億亿 談谈 議议 價价 報报 贏赢 輸输 "
        "單单 簽签 約约 戰战 敗败 線线 會会 內内 調调 轉转 進进 總总 經经 監监 聯联 聽听 晝昼 歲岁 過过 節节 "
        "從从 遷迁 為为 應应 該该 換换 變变 門门 樓楼 層层 棟栋 廣广 場场 園园 區区 縣县 鎮镇 鄉乡 貨货 銀银 "
        "電电 話话 機机 業业 務务 處处 長长 師师 醫医 學学 專专 員员 闆板 課课 資资 質质 確确 認认 陳陈 張张 "
        "劉刘 楊杨 黃黄 趙赵 吳吴 孫孙 馬马 羅罗 鄭郑 謝谢 許许 韓韩 馮冯 鄧邓 蕭萧 葉叶 蘇苏 呂吕 盧卢 鍾钟 "
        "譚谭 陸陆 範范 賈贾 韋韦 鄒邹 閻阎 龍龙 賀贺 顧顾 龔龚 錢钱 嚴严 湯汤 倫伦 齊齐 喬乔 龐庞 顏颜 莊庄 "
        "聶聂 蘭兰 關关 鄺邝 連连 給给 幫帮 將将 開开 創创 錄录 標标 設设 階阶 狀状 態态 潛潜 觸触 觀观 溝沟 "
        "療疗 藥药 製制 實实 貿贸 傳传 動动 環环 網网 軟软 術术 訊讯 團团 廠厂 館馆 護护 類类 來来 對对 負负 "
        "責责 額额 預预 費费 訂订 減减 漲涨 讓让 補补 發发 稅税 統统 編编 夠够 嗎吗 說说 請请 買买 賣卖 條条 "
        "隻只 臺台 組组 輛辆 顆颗 筆笔 採采 購购 國国 際际 飲饮 還还 歐欧 鎊镑 幣币 圓圆 塊块 紙纸 廈厦 東东 "
        "灣湾 倉仓 庫库 頂顶 優优 賬账 帳帐 詢询 貴贵 們们 誰谁 協协"
    )
}
"""Only what the vocabulary of slots needs: this is no conversion of the script."""


def plain(text: str) -> str:
    """Return the text with full-width signs and spaces as plain ones."""
    return text.translate(_PLAIN)


def simple(text: str) -> str:
    """Return the text with the traditional characters that slots are told by as simplified ones."""
    return text if text.isascii() else text.translate(_SIMPLE)

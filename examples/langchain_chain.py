"""A chain in LCEL: sentences become records, several at a time: `python examples/langchain_chain.py [MODEL]`."""

import sys

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel

from langchain_autoglm import ChatAutoGLM


class Purchase(BaseModel):
    """What was bought, and for how much."""

    item: str
    price: int


def main(model_name: str) -> None:
    """Build the chain, run it over three sentences at once, then stream a plain answer through another."""
    model = ChatAutoGLM(model=model_name, temperature=0)
    ask = ChatPromptTemplate([("user", "{said}")])

    record = ask | model.with_structured_output(Purchase)
    total = record.map() | RunnableLambda(lambda purchases: sum(purchase.price for purchase in purchases))
    said = [{"said": "一个书包卖八十五块"}, {"said": "花30元买了雨伞"}, {"said": "台灯的价钱是60元"}]
    for purchase in record.batch(said):
        print(purchase.item, purchase.price)
    print("total", total.invoke(said))

    for piece in (ask | model | (lambda message: message.text)).stream({"said": "你是谁？"}):
        print(piece, end="", flush=True)
    print()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "nano")

"""A LangGraph graph that remembers, a thread for each user: `python examples/langchain_memory.py`."""

from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph

from langchain_autoglm import ChatAutoGLM

TALK = [
    ("mother", "我明天想带女儿去动物园"),
    ("neighbour", "我周末要带奶奶去海洋馆"),
    ("mother", "她最想看大熊猫，大熊猫吃什么？"),
    ("neighbour", "她想看海豚，海豚吃什么？"),
    ("mother", "你还记得我要带谁去看什么吗？"),
    ("neighbour", "你还记得我要带谁去看什么吗？"),
]


def main() -> None:
    """Two people talk about their plans, turn and turn about; each is asked back about his own."""
    model = ChatAutoGLM(model="nano", temperature=0)

    def answer(state: MessagesState) -> dict[str, list[AIMessage]]:
        return {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile(checkpointer=InMemorySaver())

    for who, sentence in TALK:
        print(f"{who} > {sentence}")
        config = {"configurable": {"thread_id": who}}
        for piece, _ in graph.stream({"messages": [("user", sentence)]}, config, stream_mode="messages"):
            print(piece.text, end="", flush=True)  # the words only: reasoning stands in blocks of its own
        print()

    last = graph.get_state({"configurable": {"thread_id": "mother"}}).values["messages"][-1]
    details = last.usage_metadata["input_token_details"]
    print(f"{details['cache_read']} of {last.usage_metadata['input_tokens']} tokens were in the engine's cache")


if __name__ == "__main__":
    main()

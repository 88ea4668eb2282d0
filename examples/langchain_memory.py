"""A LangGraph graph that remembers, a thread for each user: `python examples/langchain_memory.py`."""

from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph

from langchain_autoglm import ChatAutoGLM

TALK = ["我明天想带女儿去动物园", "她最想看大熊猫，大熊猫吃什么？", "你还记得我要带谁去看什么吗？"]


def main(talk: list[str]) -> None:
    """Talk about the zoo in one thread; then ask another thread, which has heard nothing."""
    model = ChatAutoGLM(model="nano", temperature=0)

    def answer(state: MessagesState) -> dict[str, list[AIMessage]]:
        return {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile(checkpointer=InMemorySaver())

    def say(sentence: str, thread: str) -> None:
        print(f"{thread} > {sentence}")
        config = {"configurable": {"thread_id": thread}}
        for piece, _ in graph.stream({"messages": [("user", sentence)]}, config, stream_mode="messages"):
            print(piece.text, end="", flush=True)  # the words only: reasoning stands in blocks of its own
        print()

    for sentence in talk:
        say(sentence, "family")
    say(talk[-1], "stranger")
    remembered = graph.get_state({"configurable": {"thread_id": "family"}}).values["messages"]
    print(len(remembered), "messages kept; keys cached in the last turn:", cached_tokens(remembered[-1]))


def cached_tokens(message: AIMessage) -> int:
    """How many tokens of the history the engine did not have to read again."""
    return (message.usage_metadata or {}).get("input_token_details", {}).get("cache_read", 0)


if __name__ == "__main__":
    main(TALK)

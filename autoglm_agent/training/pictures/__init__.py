"""What is seen: drawn scenes, labels and photographs, their questions, and the renderer that draws them."""

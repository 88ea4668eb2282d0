"""What is heard: sentences, synthetic voices, human recordings, distortions, and banks of them on a device."""

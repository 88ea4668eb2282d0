// Camera and pictures: what is shown, as JPEG or PNG data URIs for `input_image`.

const WIDTH = 640;    // the vision encoder's own size; more pixels would only cost time on the way
const HEIGHT = 480;
const FRAME_MS = 1000; // a turn uses the newest frame; near-duplicates are skipped by the server
const QUALITY = 0.9;
const LARGEST_AS_IS = 1 << 20;

/** The camera: a frame a second to `onFrame` as a data URI. */
export class Camera {
  /** @param {HTMLVideoElement} video @param {(uri: string) => void} onFrame @param {() => void} onEnd */
  constructor(video, onFrame, onEnd) {
    this.video = video;
    this.onFrame = onFrame;
    this.onEnd = onEnd;
    this.isOn = false;
    this.facing = "environment";
    this.canvas = document.createElement("canvas");
  }

  /** Throws what `getUserMedia` throws; "NoDevices" where the browser has no such thing. */
  async start() {
    if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("not a secure page", "NoDevices");
    const video = { width: { ideal: WIDTH }, height: { ideal: HEIGHT }, facingMode: this.facing };
    this.stream = await navigator.mediaDevices.getUserMedia({ video });
    this.video.srcObject = this.stream;
    await this.video.play();
    this.isOn = true;
    this.stream.getVideoTracks()[0].addEventListener("ended", () => { if (this.isOn) { this.stop(); this.onEnd(); } });
    this.timer = setInterval(() => this.look(), FRAME_MS);
    this.look();
  }

  stop() {
    this.isOn = false;
    clearInterval(this.timer);
    this.stream?.getTracks().forEach((track) => track.stop());
    this.video.srcObject = null;
    this.stream = null;
  }

  /** Send what is seen at this moment. */
  look() {
    if (this.isOn && this.video.videoWidth) {
      this.onFrame(drawn(this.canvas, this.video, this.video.videoWidth, this.video.videoHeight));
    }
  }
}

/** A picture file as a data URI, made smaller where that loses nothing the model would see. Throws when it is none. */
export async function readPicture(blob) {
  const bitmap = await createImageBitmap(blob);
  const fits = bitmap.width <= WIDTH && bitmap.height <= HEIGHT && blob.size <= LARGEST_AS_IS;
  const uri = fits && ["image/png", "image/jpeg"].includes(blob.type)
    ? await asUri(blob)
    : drawn(document.createElement("canvas"), bitmap, bitmap.width, bitmap.height);
  return { uri, bitmap };
}

function asUri(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

function drawn(canvas, source, width, height) {
  const scale = Math.min(1, WIDTH / width, HEIGHT / height);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", QUALITY);
}

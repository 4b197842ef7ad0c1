// The real KeygenPublisher of electron-publish: argv[2] is JSON {info, version, files, token}.
const { CancellationToken } = require("builder-util-runtime")

const asked = JSON.parse(process.argv[2])
process.env.KEYGEN_TOKEN = asked.token
const { KeygenPublisher } = require("electron-publish/out/keygenPublisher")

const context = { cancellationToken: new CancellationToken(), progress: null }
const publisher = new KeygenPublisher(context, { provider: "keygen", ...asked.info }, asked.version)
const upload = file => publisher.upload({ file, arch: null })

async function publish() {
  if (asked.atOnce) await Promise.all(asked.files.map(upload))
  else for (const file of asked.files) await upload(file)
}

// A timer of the client's would keep the process for another minute.
publish().then(
  () => process.exit(0),
  error => {
    console.error(error.message)
    process.exit(1)
  },
)

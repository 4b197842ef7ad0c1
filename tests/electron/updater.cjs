// The real electron-updater in plain Node.js. Electron's network stack is not to be had without Electron: `Net` does
// what it does about redirects, and notes every request.
//
// argv[2] is JSON: {updater, version, feed, headers, license, home, old, channel, keeps, whole}; what came of it is
// printed as JSON.
const { EventEmitter } = require("events")
const fs = require("fs")
const http = require("http")
const https = require("https")
const Module = require("module")
const path = require("path")

// MacUpdater hands what it has downloaded on to Electron's own updater.
const electron = { autoUpdater: Object.assign(new EventEmitter(), { setFeedURL() {} }) }
const load = Module._load
Module._load = (request, ...rest) => (request === "electron" ? electron : load(request, ...rest))

const updaters = require("electron-updater")
const { ElectronHttpExecutor } = require("electron-updater/out/electronHttpExecutor")

const asked = JSON.parse(process.argv[2])
const requests = []

// Electron follows a redirect by itself unless it is told to leave that to its caller, who is told of each.
class Net extends ElectronHttpExecutor {
  createRequest(options, callback) {
    const request = new EventEmitter()
    const body = []
    let sent = null
    let aborted = false
    const go = (at, headers) => {
      const note = { url: at.href, range: headers.range || headers.Range || null, authorized: has(headers, "authorization") }
      requests.push(note)
      const module = at.protocol === "http:" ? http : https
      sent = module.request(at, { method: options.method || "GET", headers }, response => {
        note.status = response.statusCode
        note.bytes = 0
        const location = response.headers.location
        if (response.statusCode >= 300 && response.statusCode < 400 && location) {
          response.resume()
          const next = new URL(location, at)
          const kept = { ...headers }
          if (next.origin !== at.origin && !asked.keeps) remove(kept, "authorization")
          let followed = options.redirect !== "manual"
          request.followRedirect = () => (followed = true)
          request.emit("redirect", response.statusCode, "GET", next.href, response.headers)
          if (aborted) return
          if (followed) go(next, kept)
          else request.emit("error", new Error("Redirect was cancelled"))
          return
        }
        response.on("data", chunk => (note.bytes += chunk.length))
        callback(response)
      })
      sent.on("error", error => aborted || request.emit("error", error))
      body.forEach(chunk => sent.write(chunk))
      sent.end()
    }
    request.setTimeout = () => {}
    request.write = chunk => body.push(chunk)
    request.abort = () => {
      aborted = true
      if (sent) sent.destroy()
    }
    request.end = () => {
      const port = options.port ? `:${options.port}` : ""
      go(new URL(`${options.protocol || "https:"}//${options.hostname}${port}${options.path}`), { ...options.headers })
    }
    return request
  }
}

function has(headers, name) {
  return Object.keys(headers).some(key => key.toLowerCase() === name)
}

function remove(headers, name) {
  for (const key of Object.keys(headers)) if (key.toLowerCase() === name) delete headers[key]
}

const app = {
  whenReady: () => Promise.resolve(),
  version: asked.version,
  name: "app",
  isPackaged: true,
  appUpdateConfigPath: path.join(asked.home, "app-update.yml"),
  userDataPath: asked.home,
  baseCachePath: asked.home,
  quit() {},
  relaunch() {},
  onQuit() {},
}

const platforms = { NsisUpdater: "win32", MacUpdater: "darwin" }
const cached = { NsisUpdater: "installer.exe", MacUpdater: "update.zip" }

function prepare() {
  fs.writeFileSync(app.appUpdateConfigPath, JSON.stringify({ ...asked.feed, updaterCacheDirName: "cache" }))
  const cache = path.join(asked.home, "cache")
  fs.mkdirSync(cache, { recursive: true })
  if (cached[asked.updater] && asked.old) fs.copyFileSync(asked.old, path.join(cache, cached[asked.updater]))
  if (asked.updater === "AppImageUpdater") {
    process.env.APPIMAGE = path.join(asked.home, path.basename(asked.old))
    fs.copyFileSync(asked.old, process.env.APPIMAGE)
  }
}

async function update(lines) {
  const updater = new updaters[asked.updater](null, app)
  const note = message => lines.push(String(message).split("\n")[0])
  updater.logger = { info: note, warn: note, error: note, debug: null }
  updater.httpExecutor = new Net()
  updater.autoInstallOnAppQuit = false
  updater.disableWebInstaller = false
  // In its test mode a failed delta is an error instead of a download of everything.
  const isUseDifferentialDownload = !asked.whole
  if (platforms[asked.updater]) updater._testOnlyOptions = { platform: platforms[asked.updater], isUseDifferentialDownload }
  updater.disableDifferentialDownload = Boolean(asked.whole)
  if (asked.license) updater.addAuthHeader(`License ${asked.license}`)
  updater.requestHeaders = { ...updater.requestHeaders, ...asked.headers }
  if (asked.channel) updater.channel = asked.channel
  if (asked.stagingId) fs.writeFileSync(path.join(asked.home, ".updaterId"), asked.stagingId)
  updater.on("error", () => {})
  const found = await updater.checkForUpdates()
  const info = found.updateInfo
  const said = { version: info.version, available: found.isUpdateAvailable, info }
  if (!found.downloadPromise || asked.onlyCheck) return said
  const [file] = await found.downloadPromise.then(files => files.length ? files : [updater.downloadedUpdateHelper.file])
  return { ...said, file }
}

const lines = []
prepare()
update(lines)
  .catch(error => ({ error: { code: error.code || null, message: error.message } }))
  .then(said => {
    process.stdout.write(JSON.stringify({ ...said, requests, log: lines }), () => process.exit(0))
  })

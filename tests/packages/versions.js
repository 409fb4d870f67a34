// The versions that a browser offers on the page at argv[2], the one that it shows, and where the other argv[3] leads; and what it
// makes of the file argv[4]; as JSON.
const { chromium } = require("playwright-core")
const [address, other, file] = process.argv.slice(2)

const main = async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] })
  const page = await browser.newPage()
  await page.goto(address)
  await page.waitForSelector(".md-version__current")
  const current = await page.locator(".md-version__current").evaluate((node) => node.firstChild.textContent.trim())
  const offered = (await page.locator(".md-version__link").allTextContents()).map((text) => text.trim())
  const begins = page.url()
  await page.locator(".md-version").hover()
  await page.locator(".md-version__link", { hasText: other }).click()
  await page.waitForURL((url) => String(url) !== begins)
  await page.waitForSelector(".md-version__current")
  const leads = page.url()
  const disk = { errors: [] }
  page.on("pageerror", (error) => disk.errors.push(String(error)))
  await page.goto(`file://${file}?q=KW403`)
  await page.waitForSelector(".md-search-result__item a", { timeout: 90_000 })
  disk.offered = await page.locator(".md-version__link").count()
  console.log(JSON.stringify({ current, offered, begins, leads, disk }))
  await browser.close()
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})

// Answers mentions, runs a command, opens a window and takes its form; with Bolt for JavaScript as it comes.
const { App } = require('@slack/bolt')

const app = new App({
  token: process.env.SLACK_BOT_TOKEN, appToken: process.env.SLACK_APP_TOKEN, socketMode: true,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
})

app.event('app_mention', async ({ event, say }) => {
  const buttons = { type: 'actions', elements: [{ type: 'button', action_id: 'press', value: 'v', text: { type: 'plain_text', text: 'Press' } }] }
  await say({ text: `heard: ${event.text}`, thread_ts: event.ts, blocks: [{ type: 'section', text: { type: 'mrkdwn', text: `heard: ${event.text}` } }, buttons] })
})

app.command('/teach', async ({ command, ack, client }) => {
  await ack(`ran ${command.command} ${command.text}`)
  const text = (content) => ({ type: 'plain_text', text: content })
  const field = { type: 'input', block_id: 'field', label: text('What?'), element: { type: 'plain_text_input', action_id: 'text' } }
  await client.views.open({
    trigger_id: command.trigger_id,
    view: { type: 'modal', callback_id: 'form', title: text('A form'), submit: text('Send'), blocks: [field], private_metadata: command.channel_id },
  })
})

app.view('form', async ({ ack, view, client }) => {
  const said = view.state.values.field.text.value
  if (said === 'wrong') return ack({ response_action: 'errors', errors: { field: 'not that' } })
  await ack()
  await client.chat.postMessage({ channel: view.private_metadata, text: `entered: ${said}` })
})

app.action('press', async ({ ack, body, respond }) => {
  await ack()
  await respond({ text: `pressed by ${body.user.id}`, replace_original: false })
})

app.start().then(() => console.log('connected'))

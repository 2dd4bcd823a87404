"""DELETE /admin/cache: the whole cache, a model's part (`?model=ID`), or one answer (a body)."""

from starlette.requests import Request
from starlette.routing import Route

from fogbank.deployments.esmap import answers
from fogbank.deployments.esmap.inference import Inference, UnknownModel
from fogbank.deployments.esmap.inference_api import InferenceApi
from fogbank.deployments.esmap.requests import BadRequest, asked
from fogbank.deployments.esmap.result_cache import ResultCache
from fogbank.deployments.web import BodyTooLarge, Json
from fogbank.storage.cache import CacheUnavailable


class CacheApi:
    """Answers `{success, deleted}`; 503 where the cache cannot be reached."""

    def __init__(self, inference: Inference, cache: ResultCache, bodies: InferenceApi) -> None:
        self._inference = inference
        self._cache = cache
        self._bodies = bodies
        self.routes = [Route("/admin/cache", self._delete, methods=["DELETE"])]

    async def _delete(self, request: Request) -> Json:
        try:
            deleted = await self._deleted(request)
        except UnknownModel as error:
            return Json(answers.unknown_model(str(error.args[0])), 404)
        except BadRequest as error:
            return Json(answers.invalid(str(error)), 400)
        except BodyTooLarge:
            return Json(answers.TOO_LARGE, 413)
        except CacheUnavailable as error:
            return Json({"success": False, "error": str(error)}, 503)
        return Json({"success": True, "deleted": deleted})

    async def _deleted(self, request: Request) -> int:
        if content := await self._bodies.read(request):
            one = asked(content)
            return await self._inference.forget(one.model_id, one.input, one.options)
        model_id = request.query_params.get("model")
        if model_id is not None and not self._inference.knows(model_id):
            raise UnknownModel(model_id)
        return await self._cache.clear(model_id)
